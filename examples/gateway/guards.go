package main

import (
	"errors"
	"fmt"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/guardrail/lakera"
	"github.com/headersafe/headersafe/guardrail/openaimod"
)

// guardOptions say who reads the requests. The zero value: nobody does.
type guardOptions struct {
	block         []string // regular expressions
	maxBody       int64
	lakeraKey     string
	lakeraURL     string
	moderationKey string
	moderationURL string
}

func (o *guardOptions) given() bool {
	return len(o.block) > 0 || o.maxBody != 0 || o.lakeraKey != "" || o.moderationKey != ""
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
	if len(guards) == 0 { // -max-body alone: the body is read, and the record says what it held
		secrets, err := guardrail.Secrets()
		add("-max-body", guardrail.InMode(secrets, guardrail.Observe), err)
	}
	return guards, errors.Join(errs...)
}

// guardrail returns the configuration for a route with these endpoints, or the reason why it has none.
func (o *guardOptions) guardrail(endpoints []guardrail.Endpoint) (cfg guardrail.Config, unguarded string, err error) {
	if !o.given() {
		return guardrail.Config{}, "no guard was asked for on the command line", nil
	}
	guards, err := o.guards()
	return guardrail.Config{Endpoints: endpoints, Guards: guards, MaxBody: o.maxBody}, "", err
}
