package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/internal/guardhttp"
	"github.com/headersafe/headersafe/internal/secret"
)

const path = "/beta/litellm_basic_guardrail_api"

// Config says whom to ask, and how. BaseURL and APIKey are required.
type Config struct {
	_ [0]func()

	Name     string           // of the guard; "webhook" if empty
	BaseURL  string           // with or without the API's own path; https, or http to a loopback address
	APIKey   guardrail.APIKey // sent in KeyField
	KeyField string           // "X-Api-Key" if empty; with "Authorization" the key is sent as a bearer token

	Params   map[string]any // additional_provider_specific_params; anything that encoding/json takes
	Messages bool           // also sends the texts as structured_messages, with their roles
	Caller   bool           // also sends who the caller is

	// PerText says that the service judges each text for itself, so that verdicts can be cached.
	PerText bool

	PublicReason bool // shows blocked_reason to the client
	RecordReason bool // puts blocked_reason into the record

	Client   *http.Client  // one of its own if nil; redirects are never followed
	Deadline time.Duration // for one question with its retries; 5 seconds if 0
	MaxReply int64         // bytes; 1 MiB if 0. The reply to GUARDRAIL_INTERVENED repeats the texts
	Retries  int           // after a broken connection, 429 and 503; 2 if 0, none if negative

	// DangerouslyPlaintext is the reason why the key and the texts may go over plain HTTP.
	DangerouslyPlaintext string
}

// New returns the guard. The error joins one [*guardrail.ConfigError] for every mistake.
func New(cfg Config) (guardrail.Guard, error) {
	if cfg.Name == "" {
		cfg.Name = "webhook"
	}
	switch {
	case cfg.KeyField == "":
		cfg.KeyField = "X-Api-Key"
	case strings.EqualFold(cfg.KeyField, "Authorization"):
		cfg.KeyField = ""
	}
	base := strings.TrimSuffix(cfg.BaseURL, path)
	client, faults := guardhttp.New(guardhttp.Config{
		Service:    "webhook",
		BaseURL:    base,
		Path:       path,
		Key:        secret.New(cfg.APIKey.Reveal()),
		KeyField:   cfg.KeyField,
		ReplyNames: []string{"action", "blocked_reason"},
		Client:     cfg.Client,
		Deadline:   cfg.Deadline,
		MaxReply:   cfg.MaxReply,
		Retries:    cfg.Retries,
		Plaintext:  cfg.DangerouslyPlaintext,
	})
	params, err := json.Marshal(cfg.Params)
	if err != nil {
		faults = append(faults, guardhttp.Fault{Field: "Params", Reason: "cannot be put as JSON"})
	}
	if len(faults) > 0 {
		var errs []error
		for _, f := range faults {
			errs = append(errs, &guardrail.ConfigError{Field: "webhook.Config." + f.Field, Value: f.Value, Reason: f.Reason})
		}
		return nil, errors.Join(errs...)
	}
	version := sha256.Sum256(fmt.Appendf(nil, "%q %s %t %t", base, params, cfg.Messages, cfg.Caller))
	g := &guard{
		client:       client,
		messages:     cfg.Messages,
		caller:       cfg.Caller,
		publicReason: cfg.PublicReason,
		recordReason: cfg.RecordReason,
		description: guardrail.Description{
			Name:    cfg.Name,
			Scope:   guardrail.WholeConversation,
			Version: "1-" + hex.EncodeToString(version[:8]),
		},
	}
	if len(cfg.Params) > 0 {
		g.params = params
	}
	if cfg.PerText {
		g.description.Scope = guardrail.PerText
	} else {
		g.description.WantsRequest = cfg.Messages
	}
	return g, nil
}

type guard struct {
	client       *guardhttp.Client
	description  guardrail.Description
	params       json.RawMessage
	messages     bool
	caller       bool
	publicReason bool
	recordReason bool
}

func (g *guard) Describe() guardrail.Description { return g.description }

type question struct {
	InputType   string          `json:"input_type"`
	Texts       []string        `json:"texts"`
	Messages    []message       `json:"structured_messages,omitempty"`
	RequestData requestData     `json:"request_data"` // required by services that share LiteLLM's own model of a request
	Params      json.RawMessage `json:"additional_provider_specific_params,omitempty"`
}

type requestData struct {
	UserID string `json:"user_api_key_user_id,omitempty"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type answer struct {
	Action        string `json:"action"`
	BlockedReason string `json:"blocked_reason"`
}

func (g *guard) Check(ctx context.Context, in guardrail.Input) (guardrail.Verdict, error) {
	var a answer
	if err := g.client.Post(ctx, g.question(in), &a); err != nil {
		return guardrail.Verdict{}, err
	}
	v := guardrail.Verdict{Block: true, Reason: "The " + in.Direction.String() + " was blocked by a content check."}
	switch a.Action {
	case "NONE":
		return guardrail.Verdict{}, nil
	case "BLOCKED":
		v.Detail = "BLOCKED"
	case "GUARDRAIL_INTERVENED":
		v.Detail = "GUARDRAIL_INTERVENED: it wants other texts, and bodies are not changed"
	default:
		return guardrail.Verdict{}, errors.New("webhook: the reply's action is none of those documented")
	}
	if reason := oneLine(a.BlockedReason); reason != "" {
		if g.publicReason {
			v.Reason = reason
		}
		if g.recordReason {
			v.Detail += ": " + reason
		}
	}
	return v, nil
}

func (g *guard) question(in guardrail.Input) question {
	q := question{InputType: in.Direction.String(), Texts: make([]string, len(in.Texts)), Params: g.params}
	for i, text := range in.Texts {
		q.Texts[i] = text.Value
	}
	if g.messages {
		for _, text := range in.Request {
			q.Messages = append(q.Messages, messageOf(text, "user"))
		}
		speaker := "user"
		if in.Direction == guardrail.DirectionResponse {
			speaker = "assistant"
		}
		for _, text := range in.Texts {
			q.Messages = append(q.Messages, messageOf(text, speaker))
		}
	}
	if g.caller {
		q.RequestData.UserID = in.Caller
	}
	return q
}

// messageOf returns a text as a message, of whoever is given where the text does not say whose it is.
func messageOf(text guardrail.Text, role string) message {
	if text.Role != "" {
		role = text.Role
	}
	return message{role, text.Value}
}

// oneLine returns a reason as one line of at most 256 bytes without control characters.
func oneLine(reason string) string {
	const longest = 256
	reason = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, reason)
	reason = strings.Join(strings.Fields(reason), " ")
	if len(reason) > longest {
		reason = strings.ToValidUTF8(reason[:longest], "") + "…"
	}
	return reason
}
