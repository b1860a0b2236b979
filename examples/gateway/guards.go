package main

import (
	"errors"
	"fmt"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/guardrail/lakera"
	"github.com/headersafe/headersafe/guardrail/openaimod"
)

// guardOptions say who reads the requests and the answers. The zero value: nobody does.
type guardOptions struct {
	block         []string       // regular expressions
	blockResponse []string       // the same, for answers
	responseMode  guardrail.Mode // of answers; Block, which is none of theirs, if it was not given
	maxBody       int64
	lakeraKey     string
	lakeraURL     string
	moderationKey string
	moderationURL string
}

func (o *guardOptions) given() bool {
	return len(o.block) > 0 || len(o.blockResponse) > 0 || o.maxBody != 0 || o.lakeraKey != "" || o.moderationKey != ""
}

// guards returns the guards that were asked for, the cheap ones first.
func (o *guardOptions) guards() ([]guardrail.Guard, error) {
	var guards []guardrail.Guard
	var errs []error
	add := func(from string, g guardrail.Guard, err error) {
		if err != nil {
			err = fmt.Errorf("%s: %w", from, err)
		}
		guards, errs = append(guards, g), append(errs, err)
	}
	if len(o.block) > 0 {
		words, err := guardrail.Patterns("block", o.block...)
		add("-block", words, err)
	}
	if o.lakeraKey != "" {
		guard, err := lakera.New(lakera.Config{
			BaseURL:              o.lakeraURL,
			APIKey:               guardrail.NewAPIKey(o.lakeraKey),
			DangerouslyPlaintext: plaintext,
		})
		add("LAKERA_BASE_URL", guard, err)
	}
	if o.moderationKey != "" {
		guard, err := openaimod.New(openaimod.Config{
			BaseURL:              o.moderationURL,
			APIKey:               guardrail.NewAPIKey(o.moderationKey),
			DangerouslyPlaintext: plaintext,
		})
		add("OPENAI_MODERATION_BASE_URL", guard, err)
	}
	if len(guards) == 0 { // no more than a bound, or the answers: requests are read, and the record says what they held
		secrets, err := guardrail.Secrets()
		add("secrets", guardrail.InMode(secrets, guardrail.Observe), err)
	}
	return guards, errors.Join(errs...)
}

// setResponseMode reads -response-mode.
func (o *guardOptions) setResponseMode(name string) error {
	for _, mode := range []guardrail.Mode{guardrail.Hold, guardrail.Window, guardrail.Observe} {
		if mode.String() == name {
			o.responseMode = mode
			return nil
		}
	}
	return errors.New("must be hold, window or observe")
}

// responses says who reads the answers.
func (o *guardOptions) responses() (guardrail.Responses, error) {
	if len(o.blockResponse) == 0 {
		return guardrail.Responses{}, nil
	}
	words, err := guardrail.Patterns("block-response", o.blockResponse...)
	if err != nil {
		return guardrail.Responses{}, fmt.Errorf("-block-response: %w", err)
	}
	return guardrail.Responses{Guards: []guardrail.Guard{words}, Mode: o.responseMode}, nil
}

// guardrail returns the configuration for a route with these endpoints, or the reason why it has none.
func (o *guardOptions) guardrail(endpoints []guardrail.Endpoint) (cfg guardrail.Config, unguarded string, err error) {
	if !o.given() {
		return guardrail.Config{}, "no guard was asked for on the command line", nil
	}
	guards, guardsErr := o.guards()
	responses, responsesErr := o.responses()
	cfg = guardrail.Config{Endpoints: endpoints, Guards: guards, MaxBody: o.maxBody, Responses: responses}
	return cfg, "", errors.Join(guardsErr, responsesErr)
}
