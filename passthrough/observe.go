package passthrough

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/secret"
	"github.com/headersafe/headersafe/internal/stage"
)

// Observer is given the record of each exchange when it has ended, in the handler's goroutine: the server sends the
// end of the response only after Observe returns, so it should be quick. The record is the observer's to keep.
type Observer interface {
	Observe(context.Context, *Exchange)
}

// ObserverFunc is a function as an [Observer].
type ObserverFunc func(context.Context, *Exchange)

// Observe calls f.
func (f ObserverFunc) Observe(ctx context.Context, e *Exchange) { f(ctx, e) }

// RecorderConfig configures a [Recorder].
type RecorderConfig struct {
	_ [0]func()

	Route    string     // a name for the record
	Observer Observer   // nil: no record is made
	Errors   ErrorShape // nil: [ProblemErrors]

	// FingerprintKey keys the fingerprints, so that they can be compared across processes and computed by whoever
	// holds it. Empty: a random one for this process, so that they say only "the same" or "another".
	FingerprintKey []byte
}

// Recorder is the outermost piece of a chain composed by hand: it gives the stages the shape of their denials, and
// makes the exchange's record. It decides nothing, and a chain is as safe without it.
type Recorder struct {
	route    string
	observer Observer
	shape    ErrorShape
	macs     sync.Pool // of hash.Hash, for fingerprints: to key one costs several times as much as to use it
}

// NewRecorder returns a Recorder. No configuration is wrong.
func NewRecorder(cfg RecorderConfig) *Recorder {
	r := &Recorder{route: cfg.Route, observer: cfg.Observer, shape: cfg.Errors}
	key := append([]byte(nil), cfg.FingerprintKey...)
	if len(key) == 0 {
		key = make([]byte, sha256.Size)
		_, _ = rand.Read(key) // never fails
	}
	r.macs.New = func() any { return hmac.New(sha256.New, key) }
	return r
}

// Wrap returns next with a record made around it.
func (rec *Recorder) Wrap(next http.Handler) http.Handler { return &recording{rec, stage.NextOf(next)} }

// recording is a recorder in its place in a chain.
type recording struct {
	*Recorder
	next stage.Next
}

// ServeHTTP begins the record.
func (rec *recording) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l, ctx := stage.Open(r)
	rec.ServeStage(ctx, l, w, r)
}

// ServeStage is ServeHTTP within an exchange.
func (rec *recording) ServeStage(ctx context.Context, l *stage.Ledger, w http.ResponseWriter, r *http.Request) {
	err := l.Enter(stage.Observe)
	if err == nil {
		l.Begin(rec.shape, rec.observer != nil)
		err = l.Pass(stage.Observe, nil)
	}
	if err != nil {
		l.Deny(w, stage.Observe, stage.Misassembled(err))
		return
	}
	if rec.observer != nil {
		// Deferred: a response that breaks off leaves by a panic.
		defer func() { rec.observer.Observe(ctx, rec.exchange(l, r)) }()
	}
	rec.next.Serve(ctx, l, w, r)
}

// exchange puts together what the stages left behind.
func (rec *Recorder) exchange(l *stage.Ledger, r *http.Request) *Exchange {
	auth, policy := l.Auth(), l.Policy()
	guard, _ := l.Note(stage.Guardrail).(stage.GuardNote)
	forward, _ := l.Note(stage.Forward).(*forwardRecord)
	decision, _ := policy.Decision.(*headerpolicy.Decision)
	heard, _ := guard.Record.(*guardrail.Record)
	denied, by := l.Denied()
	if guard.Cut != nil {
		denied, by = guard.Cut, stage.Guardrail
	}
	start := l.Entered(stage.Observe)
	now := time.Now()

	e := &Exchange{
		Route:     rec.route,
		Start:     start,
		Caller:    auth.Caller,
		Anonymous: auth.Anonymous,
		Method:    knownMethod(r.Method),
		Guardrail: heard,
		Duration:  now.Sub(start),
		Stages:    stageTimes(l, now),
	}
	if denied != nil {
		e.Outcome, e.Status = Denied, denied.Status
		e.Denial = &DenialRecord{Stage: by.String(), Code: denied.Code, Detail: denied.Detail}
	}
	if decision != nil {
		e.Request = decision.Fields
	}
	if forward != nil {
		if denied != nil && by == stage.Guardrail && !guard.Broken {
			forward.failure = nil // a guard ended the exchange: what the forwarder saw of that is no failure
		}
		forward.describe(e, denied != nil)
	}
	if heard != nil && heard.Response != nil {
		e.BytesOut = heard.Response.Released
	}
	e.Credentials = rec.credentials(auth, policy, forward)
	e.withhold(append(slices.Clone(policy.Secrets), secret.NewNeedle(auth.Credential)))
	return e
}

// withhold takes out the names of fields that hold a secret: callers and upstreams choose names, too.
func (e *Exchange) withhold(secrets []*secret.Needle) {
	for _, fields := range []*[]headerpolicy.FieldDecision{&e.Request, &e.Response, &e.Trailer} {
		for i, f := range *fields {
			if slices.ContainsFunc(secrets, func(n *secret.Needle) bool { return n.InName(f.Name) }) {
				*fields = slices.Clone(*fields)
				(*fields)[i].Name = secret.Redacted
			}
		}
	}
}

// describe fills in the forwarder's part of e.
func (r *forwardRecord) describe(e *Exchange, denied bool) {
	e.Endpoint, e.Path, e.Upstream, e.Unguarded = r.endpoint, r.path, r.upstream, r.unguarded
	e.UpstreamStatus, e.UpstreamProto = r.upstreamStatus, r.proto
	e.BytesIn, e.BytesOut = r.bytesIn, r.bytesOut
	e.Outcome = r.outcome(denied)
	if !denied {
		e.Status = r.upstreamStatus
	}
	if r.failure != nil {
		e.Error = r.failure.Detail
		if r.failure.Outcome == ClientClosed && r.response == nil {
			e.Status = StatusClientClosed
		}
	}
	if r.response != nil {
		e.Response = r.response.Fields
	}
	if r.trailer != nil {
		e.Trailer = r.trailer.Fields
	}
	if !r.answered.IsZero() {
		e.Answered = r.answered.Sub(e.Start)
	}
	if !r.firstByte.IsZero() {
		e.FirstByte = r.firstByte.Sub(e.Start)
	}
}

// credentials fingerprints what played a part.
func (rec *Recorder) credentials(auth stage.AuthNote, policy stage.PolicyNote, forward *forwardRecord) []CredentialUse {
	var uses []CredentialUse
	if !auth.Credential.Empty() {
		uses = append(uses, CredentialUse{"gateway", "consumed", rec.fingerprint(auth.Credential.Reveal())})
	}
	decision, _ := policy.Decision.(*headerpolicy.Decision)
	if decision == nil || forward == nil || forward.path == "" {
		return uses // nothing left
	}
	for _, f := range decision.Fields {
		for _, value := range decision.Header[f.Name] {
			switch {
			case f.Reason == headerpolicy.SetByPolicy && holdsSecret(policy.Secrets, value):
				uses = append(uses, CredentialUse{f.Name, "set", rec.fingerprint(value)})
			case f.Reason == headerpolicy.Forwarded && field.Credential(f.Name):
				uses = append(uses, CredentialUse{f.Name, "forwarded", rec.fingerprint(value)})
			}
		}
	}
	return uses
}

func holdsSecret(secrets []*secret.Needle, value string) bool {
	return slices.ContainsFunc(secrets, func(n *secret.Needle) bool { return n.In(value) })
}

// fingerprintLength is the length in hexadecimal digits: enough to tell a deployment's credentials apart, too
// little to confirm a guess among many.
const fingerprintLength = 12

// Fingerprint returns a short keyed hash of a credential, with which "this token was forwarded" can be confirmed
// without seeing it: the first 12 hexadecimal digits of HMAC-SHA-256. An authentication scheme before it
// ("Bearer ") does not count.
func Fingerprint(key []byte, credential string) string {
	return fingerprint(hmac.New(sha256.New, key), credential)
}

func (rec *Recorder) fingerprint(credential string) string {
	mac, _ := rec.macs.Get().(hash.Hash)
	defer rec.macs.Put(mac)
	mac.Reset()
	return fingerprint(mac, credential)
}

func fingerprint(mac hash.Hash, credential string) string {
	if scheme, rest, ok := strings.Cut(credential, " "); ok && field.ValidName(scheme) {
		credential = strings.TrimLeft(rest, " ")
	}
	mac.Write([]byte(credential))
	return hex.EncodeToString(mac.Sum(nil)[:fingerprintLength/2])
}

func stageTimes(l *stage.Ledger, end time.Time) []StageTime {
	stages := []stage.Stage{stage.Forward, stage.Guardrail, stage.HeaderPolicy, stage.Auth}
	times := make([]StageTime, 0, len(stages))
	for _, s := range stages { // backwards: each ends where the next began
		if began := l.Entered(s); !began.IsZero() {
			times = append(times, StageTime{s.String(), end.Sub(began)})
			end = began
		}
	}
	slices.Reverse(times)
	return times
}

// knownMethod keeps a caller's own text out of the record: a method is any token.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "OTHER"
}
