package guardrail

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestAPIKeyIsUnprintable(t *testing.T) {
	const raw = "not-to-be-seen"
	key := NewAPIKey(raw)
	if key.Reveal() != raw || (APIKey{}).Reveal() != "" {
		t.Error("not what it was made of")
	}
	holder := struct{ k APIKey }{key}
	text, err := json.Marshal(map[string]APIKey{"k": key})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "key", key, "holder", holder)
	shown := fmt.Sprintf("%v %+v %#v %s %q %x", key, key, key, key, key, key) +
		fmt.Sprintf("%v %+v %#v", holder, holder, &holder) + string(text) + log.String() + key.String() + key.GoString()
	if strings.Contains(shown, raw) || strings.Contains(shown, fmt.Sprintf("%x", raw)) {
		t.Errorf("printed as %s", shown)
	}
}
