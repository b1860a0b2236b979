package openaimod

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/internal/guardhttp"
	"github.com/headersafe/headersafe/internal/secret"
)

// Defaults of [Config].
const (
	DefaultBaseURL     = "https://api.openai.com/v1"
	DefaultModel       = "omni-moderation-latest"
	DefaultBatch       = 32
	DefaultBatchBytes  = 32 << 10
	DefaultConcurrency = 4
)

// Config says whom to ask, and how. Only APIKey is required.
type Config struct {
	_ [0]func()

	Name    string           // of the guard; "openaimod" if empty
	BaseURL string           // [DefaultBaseURL] if empty; https, or http to a loopback address
	APIKey  guardrail.APIKey // sent as a bearer token
	Model   string           // [DefaultModel] if empty

	// Categories, if any, are those that block: "sexual/minors". Without them whatever is flagged does.
	Categories []string

	Batch       int // how many strings go in one question; [DefaultBatch] if 0
	BatchBytes  int // how many bytes of text; [DefaultBatchBytes] if 0, at least 1024
	Concurrency int // how many questions about one request are asked at a time; [DefaultConcurrency] if 0

	Client   *http.Client  // one of its own if nil; redirects are never followed
	Deadline time.Duration // for one question with its retries; 5 seconds if 0
	MaxReply int64         // bytes; 1 MiB if 0
	Retries  int           // after a broken connection, 429 and 503; 2 if 0, none if negative

	// DangerouslyPlaintext is the reason why the key and the texts may go over plain HTTP.
	DangerouslyPlaintext string
}

// New returns the guard. The error joins one [*guardrail.ConfigError] for every mistake.
func New(cfg Config) (guardrail.Guard, error) {
	setDefaults(&cfg)
	client, faults := guardhttp.New(guardhttp.Config{
		Service:    "openaimod",
		BaseURL:    cfg.BaseURL,
		Path:       "/moderations",
		Key:        secret.New(cfg.APIKey.Reveal()),
		ReplyNames: append([]string{"results", "flagged", "categories"}, cfg.Categories...),
		Client:     cfg.Client,
		Deadline:   cfg.Deadline,
		MaxReply:   cfg.MaxReply,
		Retries:    cfg.Retries,
		Plaintext:  cfg.DangerouslyPlaintext,
	})
	fault := func(field, value, reason string) {
		faults = append(faults, guardhttp.Fault{Field: field, Value: value, Reason: reason})
	}
	if cfg.Batch < 0 {
		fault("Batch", fmt.Sprint(cfg.Batch), fmt.Sprintf("is negative; leave it 0 for %d", DefaultBatch))
	}
	if cfg.BatchBytes < 1024 {
		fault("BatchBytes", fmt.Sprint(cfg.BatchBytes), fmt.Sprintf("is below 1024; leave it 0 for %d", DefaultBatchBytes))
	}
	if cfg.Concurrency < 0 {
		fault("Concurrency", fmt.Sprint(cfg.Concurrency), fmt.Sprintf("is negative; leave it 0 for %d", DefaultConcurrency))
	}
	for i, category := range cfg.Categories {
		if category == "" {
			fault(fmt.Sprintf("Categories[%d]", i), "", "is empty")
		}
	}
	if len(faults) > 0 {
		var errs []error
		for _, f := range faults {
			errs = append(errs, &guardrail.ConfigError{Field: "openaimod.Config." + f.Field, Value: f.Value, Reason: f.Reason})
		}
		return nil, errors.Join(errs...)
	}
	version := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d", cfg.BaseURL, cfg.Model, cfg.Categories, cfg.BatchBytes))
	return &guard{
		client:      client,
		model:       cfg.Model,
		categories:  slices.Clone(cfg.Categories),
		batch:       cfg.Batch,
		bytes:       cfg.BatchBytes,
		concurrency: cfg.Concurrency,
		description: guardrail.Description{
			Name:    cfg.Name,
			Scope:   guardrail.PerText,
			Version: "1-" + hex.EncodeToString(version[:8]),
		},
	}, nil
}

func setDefaults(cfg *Config) {
	setDefault(&cfg.Name, "openaimod")
	setDefault(&cfg.BaseURL, DefaultBaseURL)
	setDefault(&cfg.Model, DefaultModel)
	setDefault(&cfg.Batch, DefaultBatch)
	setDefault(&cfg.BatchBytes, DefaultBatchBytes)
	setDefault(&cfg.Concurrency, DefaultConcurrency)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

type guard struct {
	client      *guardhttp.Client
	description guardrail.Description
	model       string
	categories  []string
	batch       int
	bytes       int
	concurrency int
}

func (g *guard) Describe() guardrail.Description { return g.description }

// Check asks about all the texts, and stops at the first batch in which one is flagged.
func (g *guard) Check(ctx context.Context, in guardrail.Input) (guardrail.Verdict, error) {
	batches := batch(in.Texts, g.batch, g.bytes)
	var (
		mu      sync.Mutex
		flagged findings
	)
	err := guardhttp.Each(ctx, len(batches), g.concurrency, func(ctx context.Context, i int) (bool, error) {
		found, err := g.ask(ctx, batches[i])
		if err != nil {
			return false, err
		}
		mu.Lock()
		defer mu.Unlock()
		flagged.add(found)
		return len(found.texts) > 0, nil
	})
	if err != nil {
		return guardrail.Verdict{}, err
	}
	return flagged.verdict(in.Direction), nil
}

// findings are the texts that were flagged, and the categories for which they were.
type findings struct {
	texts      []int
	categories []string
}

func (f *findings) add(more findings) {
	f.texts = append(f.texts, more.texts...)
	f.categories = append(f.categories, more.categories...)
}

func (f *findings) verdict(d guardrail.Direction) guardrail.Verdict {
	if len(f.texts) == 0 {
		return guardrail.Verdict{}
	}
	slices.Sort(f.texts)
	detail := "flagged"
	if names := guardhttp.Names(f.categories); names != "" {
		detail += " for " + names
	}
	return guardrail.Verdict{
		Block:   true,
		Reason:  "The " + d.String() + " holds text that a moderation check flagged.",
		Detail:  detail,
		Matches: slices.Compact(f.texts),
	}
}
