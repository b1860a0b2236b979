package lakera

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/internal/guardhttp"
	"github.com/headersafe/headersafe/internal/secret"
)

// DefaultBaseURL is Lakera's own service. There are regional ones and self-hosted ones, too.
const DefaultBaseURL = "https://api.lakera.ai"

// Config says whom to ask, and how. Only APIKey is required.
type Config struct {
	_ [0]func()

	Name    string           // of the guard; "lakera" if empty
	BaseURL string           // [DefaultBaseURL] if empty; https, or http to a loopback address
	APIKey  guardrail.APIKey // sent as a bearer token

	// ProjectID names the project whose policy decides. Without it Lakera's default policy does, which is strict.
	ProjectID string

	// PerText has each text screened by itself; see the package documentation.
	PerText bool
	// Concurrency is how many questions about one request are asked at a time with PerText; 8 if 0.
	Concurrency int

	Client   *http.Client  // one of its own if nil; redirects are never followed
	Deadline time.Duration // for one question with its retries; 5 seconds if 0
	MaxReply int64         // bytes; 1 MiB if 0
	Retries  int           // after a broken connection, 429 and 503; 2 if 0, none if negative

	// DangerouslyPlaintext is the reason why the key and the texts may go over plain HTTP.
	DangerouslyPlaintext string
}

// New returns the guard. The error joins one [*guardrail.ConfigError] for every mistake.
func New(cfg Config) (guardrail.Guard, error) {
	if cfg.Name == "" {
		cfg.Name = "lakera"
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = DefaultBaseURL
	}
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 8
	}
	client, faults := guardhttp.New(guardhttp.Config{
		Service:    "lakera",
		BaseURL:    cfg.BaseURL,
		Path:       "/v2/guard",
		Key:        secret.New(cfg.APIKey.Reveal()),
		ReplyNames: []string{"flagged", "breakdown", "detector_type", "detected"},
		Client:     cfg.Client,
		Deadline:   cfg.Deadline,
		MaxReply:   cfg.MaxReply,
		Retries:    cfg.Retries,
		Plaintext:  cfg.DangerouslyPlaintext,
	})
	if cfg.Concurrency < 0 {
		faults = append(faults, guardhttp.Fault{Field: "Concurrency", Value: fmt.Sprint(cfg.Concurrency), Reason: "is negative; leave it 0 for 8"})
	}
	if len(faults) > 0 {
		var errs []error
		for _, f := range faults {
			errs = append(errs, &guardrail.ConfigError{Field: "lakera.Config." + f.Field, Value: f.Value, Reason: f.Reason})
		}
		return nil, errors.Join(errs...)
	}
	version := sha256.Sum256(fmt.Appendf(nil, "%q %q", cfg.BaseURL, cfg.ProjectID))
	g := &guard{
		client:      client,
		project:     cfg.ProjectID,
		concurrency: cfg.Concurrency,
		description: guardrail.Description{
			Name:    cfg.Name,
			Scope:   guardrail.WholeConversation,
			Version: "1-" + hex.EncodeToString(version[:8]),
		},
	}
	if cfg.PerText {
		g.description.Scope = guardrail.PerText
	} else {
		g.description.WantsRequest = true
	}
	return g, nil
}

type guard struct {
	client      *guardhttp.Client
	description guardrail.Description
	project     string
	concurrency int
}

func (g *guard) Describe() guardrail.Description { return g.description }

func (g *guard) Check(ctx context.Context, in guardrail.Input) (guardrail.Verdict, error) {
	if g.description.Scope == guardrail.WholeConversation {
		return g.ask(ctx, in.Direction, slices.Concat(messages(in.Request, "user"), messages(in.Texts, speaker(in))))
	}
	verdicts := make([]guardrail.Verdict, len(in.Texts))
	err := guardhttp.Each(ctx, len(in.Texts), g.concurrency, func(ctx context.Context, i int) (bool, error) {
		var err error
		verdicts[i], err = g.ask(ctx, in.Direction, messages(in.Texts[i:i+1], speaker(in)))
		return verdicts[i].Block, err
	})
	if err != nil {
		return guardrail.Verdict{}, err
	}
	for i, v := range verdicts {
		if v.Block {
			v.Matches = []int{i}
			return v, nil
		}
	}
	return guardrail.Verdict{}, nil
}

type question struct {
	Messages  []message `json:"messages"`
	ProjectID string    `json:"project_id,omitempty"`
	Breakdown bool      `json:"breakdown"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type answer struct {
	Flagged   *bool `json:"flagged"`
	Breakdown []struct {
		DetectorType string `json:"detector_type"`
		Detected     bool   `json:"detected"`
	} `json:"breakdown"`
}

func (g *guard) ask(ctx context.Context, d guardrail.Direction, conversation []message) (guardrail.Verdict, error) {
	var a answer
	if err := g.client.Post(ctx, question{conversation, g.project, true}, &a); err != nil {
		return guardrail.Verdict{}, err
	}
	if a.Flagged == nil {
		return guardrail.Verdict{}, errors.New(`lakera: the reply does not say whether it was "flagged"`)
	}
	if !*a.Flagged {
		return guardrail.Verdict{}, nil
	}
	var detectors []string
	for _, d := range a.Breakdown {
		if d.Detected {
			detectors = append(detectors, d.DetectorType)
		}
	}
	detail := "flagged"
	if names := guardhttp.Names(detectors); names != "" {
		detail += " by " + names
	}
	return guardrail.Verdict{Block: true, Reason: "The " + d.String() + " was flagged by a security check.", Detail: detail}, nil
}

// speaker returns the role of texts that are nobody's.
func speaker(in guardrail.Input) string {
	if in.Direction == guardrail.DirectionResponse {
		return "assistant"
	}
	return "user"
}

// messages makes a conversation of texts. Those of an unknown role are the speaker's.
func messages(texts []guardrail.Text, speaker string) []message {
	var conversation []message
	for i := 0; i < len(texts); {
		role := roleOf(texts[i], speaker)
		var content strings.Builder
		for first := i; i < len(texts) && roleOf(texts[i], speaker) == role; i++ {
			if i > first {
				content.WriteByte('\n')
			}
			content.WriteString(texts[i].Value)
		}
		conversation = append(conversation, message{role, content.String()})
	}
	return conversation
}

// roleOf returns Lakera's role for a text. What the text is says more than where it stands: Anthropic's API has results
// of tools in messages of the user.
func roleOf(text guardrail.Text, speaker string) string {
	switch text.Kind {
	case guardrail.ToolResult, guardrail.Document:
		return "tool"
	case guardrail.ToolInput:
		return "assistant"
	case guardrail.System, guardrail.ToolDefinition:
		return "system"
	}
	switch text.Role {
	case "user", "assistant", "system", "tool", "developer":
		return text.Role
	}
	return speaker
}
