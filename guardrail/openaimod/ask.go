package openaimod

import (
	"context"
	"errors"
	"fmt"
)

type question struct {
	Model string   `json:"model"`
	Input []string `json:"input"`
}

type answer struct {
	Results []struct {
		Flagged    *bool            `json:"flagged"`
		Categories map[string]*bool `json:"categories"` // null where a model does not know a category
	} `json:"results"`
}

// ask asks about one batch.
func (g *guard) ask(ctx context.Context, pieces []piece) (findings, error) {
	q := question{Model: g.model, Input: make([]string, len(pieces))}
	for i, p := range pieces {
		q.Input[i] = p.value
	}
	var a answer
	if err := g.client.Post(ctx, q, &a); err != nil {
		return findings{}, err
	}
	if len(a.Results) != len(pieces) {
		return findings{}, fmt.Errorf("openaimod: the reply has %d results for %d strings", len(a.Results), len(pieces))
	}
	var found findings
	for i, result := range a.Results {
		if result.Flagged == nil {
			return findings{}, errors.New(`openaimod: a result does not say whether it is "flagged"`)
		}
		block := *result.Flagged
		if len(g.categories) > 0 {
			block = false
			for _, category := range g.categories {
				flagged := result.Categories[category]
				if flagged == nil {
					return findings{}, fmt.Errorf("openaimod: a result does not know the category %q", category)
				}
				block = block || *flagged
			}
		}
		if !block {
			continue
		}
		found.texts = append(found.texts, pieces[i].text)
		for category, flagged := range result.Categories {
			if flagged != nil && *flagged {
				found.categories = append(found.categories, category)
			}
		}
	}
	return found, nil
}
