package passthrough

import (
	"net/http"
	"slices"
	"testing"

	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/stage"
)

// letting is a response policy that lets back one field, or breaks down.
type letting struct{ broken bool }

func (l letting) Respond(kept []field.Field, h http.Header) ([]field.Field, error) {
	kept = append(kept, field.Field{Name: "Set-Cookie", Lines: h["Set-Cookie"]})
	if l.broken {
		panic("broken")
	}
	return kept, nil
}

// What one response held does not wait in a pool for the next one.
func TestPooledFieldsAreForgotten(t *testing.T) {
	for _, policy := range []letting{{false}, {true}} {
		x := forwarding{ledger: new(stage.Ledger), note: stage.PolicyNote{Response: policy}}
		func() {
			defer func() { _ = recover() }()
			_ = x.merge(http.Header{}, http.Header{"Set-Cookie": {"session=1"}})
		}()
		place, _ := keptFields.Get().(*[32]field.Field)
		if slices.ContainsFunc(place[:], func(f field.Field) bool { return f.Name != "" || f.Lines != nil }) {
			t.Errorf("broken %t: the pool holds %q", policy.broken, place[0])
		}
		keptFields.Put(place)
	}
}
