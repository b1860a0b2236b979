package guardrail

import (
	"log/slog"
	"time"
)

// ResponseRecord is what a guardrail did with one answer. It never holds text. Times are nanoseconds in JSON, and begin when
// the next handler was called.
type ResponseRecord struct {
	Mode     Mode     `json:"mode"`
	Format   string   `json:"format,omitempty"` // "json", the name of a [Stream], or "opaque"; empty where nothing was read
	Status   int      `json:"status,omitempty"` // of the next handler's answer
	Read     int64    `json:"read"`             // bytes of its body
	Released int64    `json:"released"`         // of these, those that went to the client
	Events   int      `json:"events,omitempty"` // of a stream
	Texts    int      `json:"texts"`            // found in it
	Opaque   []string `json:"opaque,omitempty"` // places of parts that no guard can read, the first 32
	Hearings int      `json:"hearings"`         // how often guards were asked

	FirstByte     time.Duration `json:"first_byte"`     // until the first byte of the body came
	FirstReleased time.Duration `json:"first_released"` // until the first of them was released; 0 if none was
	Held          time.Duration `json:"held"`           // during which something that had come was not released

	Guards  []GuardRecord `json:"guards,omitempty"` // over all hearings: times and counts are sums
	Outcome Outcome       `json:"outcome"`          // [Skipped] if the handler or the client ended it
	Detail  string        `json:"detail,omitempty"` // why it did not pass
}

// LogValue returns the record as a group, with a group for each guard by its name.
func (r *ResponseRecord) LogValue() slog.Value {
	if r == nil {
		return slog.Value{}
	}
	attrs := []slog.Attr{
		slog.String("mode", r.Mode.String()), slog.String("format", r.Format), slog.Int("status", r.Status), slog.String("outcome", string(r.Outcome)),
		slog.Int64("read", r.Read), slog.Int64("released", r.Released), slog.Int("events", r.Events), slog.Int("texts", r.Texts),
		slog.Int("hearings", r.Hearings), slog.Duration("first_byte", r.FirstByte), slog.Duration("first_released", r.FirstReleased),
		slog.Duration("held", r.Held),
	}
	if r.Detail != "" {
		attrs = append(attrs, slog.String("detail", r.Detail))
	}
	if len(r.Opaque) > 0 {
		attrs = append(attrs, slog.Any("opaque", r.Opaque))
	}
	return slog.GroupValue(append(attrs, guardAttrs(r.Guards)...)...)
}
