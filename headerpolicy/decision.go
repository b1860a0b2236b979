package headerpolicy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
)

// Decision is what a policy made of one header. Header can hold credentials: a Decision therefore prints as
// names and reasons alone, with every verb of fmt, in JSON and in slog.
type Decision struct {
	// Header is what crosses. It is fresh: neither the map nor a slice in it is shared with the input. It is empty
	// where the message was refused.
	Header http.Header

	// Trailer has the canonical names of the trailers that may cross after the body: announced by the request
	// and named by the policy. It is nil in the decisions on other headers.
	Trailer []string

	// Fields has one entry for each field of the input and each that the policy wrote, sorted by name. It is nil
	// where nobody asked for the reasons.
	Fields []FieldDecision
}

// FieldDecision is what became of one field.
type FieldDecision struct {
	Name   string `json:"name"` // canonical where it is a valid field name
	Reason Reason `json:"reason"`
	Note   string `json:"note,omitempty"` // what the reason leaves open, in a few words; holds no value
}

// Withdraw removes the field from Header and gives it a new reason.
func (d *Decision) Withdraw(name string, why Reason) {
	name = field.Canonical(name)
	delete(d.Header, name)
	for i := range d.Fields {
		if d.Fields[i].Name == name {
			d.Fields[i].Reason, d.Fields[i].Note = why, ""
		}
	}
}

func (d *Decision) sort() {
	slices.SortFunc(d.Fields, func(a, b FieldDecision) int { return cmp.Compare(a.Name, b.Name) })
}

// String returns one line a field, aligned and sorted by name, with the reason and no value.
func (d *Decision) String() string {
	if d == nil {
		return "no decision"
	}
	fields := d.Fields
	if fields == nil {
		for name := range d.Header {
			fields = append(fields, FieldDecision{Name: name, Reason: Forwarded})
		}
		slices.SortFunc(fields, func(a, b FieldDecision) int { return cmp.Compare(a.Name, b.Name) })
	}
	names, width := make([]string, len(fields)), 0
	for i, f := range fields {
		if names[i] = f.Name; !field.ValidName(f.Name) {
			names[i] = strconv.Quote(f.Name)
		}
		width = max(width, len(names[i]))
	}
	var b strings.Builder
	for i, f := range fields {
		fmt.Fprintf(&b, "%-*s  %s", width, names[i], f.Reason)
		if f.Note != "" {
			fmt.Fprintf(&b, " (%s)", f.Note)
		}
		b.WriteByte('\n')
	}
	for _, name := range d.Trailer {
		fmt.Fprintf(&b, "%-*s  may follow as a trailer\n", width, name)
	}
	return b.String()
}

// Format writes what String returns, for every verb.
func (d *Decision) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// MarshalJSON returns the fields and trailers, without the header.
func (d *Decision) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Fields  []FieldDecision `json:"fields"`
		Trailer []string        `json:"trailer,omitempty"`
	}{d.Fields, d.Trailer})
}

// LogValue returns one attribute a field: its name and reason.
func (d *Decision) LogValue() slog.Value {
	attrs := make([]slog.Attr, len(d.Fields))
	for i, f := range d.Fields {
		attrs[i] = slog.String(f.Name, f.Reason.String())
	}
	return slog.GroupValue(attrs...)
}
