package passthrough

import (
	"context"
	"log/slog"
	"strings"

	"github.com/headersafe/headersafe/headerpolicy"
)

// LogTo returns an Observer that logs each exchange as one record: at level Info, Warn for a refusal and for an
// exchange that failed on the client's side, Error for one that failed on ours or the upstream's.
func LogTo(logger *slog.Logger) Observer {
	return ObserverFunc(func(ctx context.Context, e *Exchange) {
		logger.LogAttrs(ctx, level(e), "exchange", attrs(e)...)
	})
}

func level(e *Exchange) slog.Level {
	switch e.Outcome {
	case Forwarded, Upgraded:
		return slog.LevelInfo
	case ClientClosed, ClientFault, BodyTooLarge, SealedBody:
		return slog.LevelWarn
	}
	if e.Outcome == Denied && e.Status < 500 {
		return slog.LevelWarn
	}
	return slog.LevelError
}

func attrs(e *Exchange) []slog.Attr {
	a := make([]slog.Attr, 0, 24)
	text := func(key, value string) {
		if value != "" {
			a = append(a, slog.String(key, value))
		}
	}
	text("route", e.Route)
	text("caller", e.Caller)
	if e.Anonymous {
		a = append(a, slog.Bool("anonymous", true))
	}
	text("method", e.Method)
	text("endpoint", e.Endpoint)
	text("path", e.Path)
	text("upstream", e.Upstream)
	text("outcome", e.Outcome.String())
	a = append(a, slog.Int("status", e.Status))
	if e.UpstreamStatus != 0 && e.UpstreamStatus != e.Status {
		a = append(a, slog.Int("upstream_status", e.UpstreamStatus))
	}
	if e.Denial != nil {
		a = append(a, slog.Group("denial", "stage", e.Denial.Stage, "code", e.Denial.Code, "detail", e.Denial.Detail))
	}
	text("error", e.Error)
	text("unguarded", e.Unguarded)
	if e.Guardrail != nil {
		a = append(a, slog.Any("guardrail", e.Guardrail))
	}
	fields := func(key string, fields []headerpolicy.FieldDecision) {
		if group := byReason(fields); len(group) > 0 {
			a = append(a, slog.Attr{Key: key, Value: slog.GroupValue(group...)})
		}
	}
	request := "request"
	if e.Path == "" {
		request = "request_unsent"
	}
	fields(request, e.Request)
	fields("response", e.Response)
	fields("trailer", e.Trailer)
	for _, c := range e.Credentials {
		a = append(a, slog.String("credential."+c.Use+"."+c.Field, c.Fingerprint))
	}
	a = append(a, slog.Int64("bytes_in", e.BytesIn), slog.Int64("bytes_out", e.BytesOut), slog.Duration("duration", e.Duration))
	if e.FirstByte > 0 {
		a = append(a, slog.Duration("first_byte", e.FirstByte))
	}
	for _, s := range e.Stages {
		a = append(a, slog.Duration("stage."+s.Stage, s.Duration))
	}
	return a
}

// byReason lists the fields' names by what became of them, in the order in which the reasons first occur.
func byReason(fields []headerpolicy.FieldDecision) []slog.Attr {
	var order []headerpolicy.Reason
	names := make(map[headerpolicy.Reason][]string)
	for _, f := range fields {
		if _, seen := names[f.Reason]; !seen {
			order = append(order, f.Reason)
		}
		names[f.Reason] = append(names[f.Reason], f.Name)
	}
	group := make([]slog.Attr, len(order))
	for i, reason := range order {
		group[i] = slog.String(reason.String(), strings.Join(names[reason], ","))
	}
	return group
}
