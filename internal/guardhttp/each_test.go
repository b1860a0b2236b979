package guardhttp_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/headersafe/headersafe/internal/guardhttp"
)

func TestEachAsksAll(t *testing.T) {
	for _, workers := range []int{1, 3, 100} {
		var asked [10]atomic.Int32
		var now, most atomic.Int32
		err := guardhttp.Each(t.Context(), len(asked), workers, func(_ context.Context, i int) (bool, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			asked[i].Add(1)
			return false, nil
		})
		if err != nil || int(most.Load()) > workers {
			t.Errorf("%d workers: error %v, %d at a time", workers, err, most.Load())
		}
		for i := range asked {
			if asked[i].Load() != 1 {
				t.Errorf("%d workers: %d was asked %d times", workers, i, asked[i].Load())
			}
		}
	}
}

func TestEachStops(t *testing.T) {
	trouble := errors.New("trouble")
	wait := func(ctx context.Context) (bool, error) { <-ctx.Done(); return false, ctx.Err() }
	tests := []struct {
		name string
		ask  func(ctx context.Context, i int) (bool, error)
		want string
	}{
		{"settled", func(ctx context.Context, i int) (bool, error) {
			if i == 1 {
				return true, nil
			}
			return wait(ctx)
		}, ""},
		{"failed", func(ctx context.Context, i int) (bool, error) {
			if i == 1 {
				return false, trouble
			}
			return wait(ctx)
		}, "trouble"},
		{"panicked", func(ctx context.Context, i int) (bool, error) {
			if i == 1 {
				panic(trouble)
			}
			return wait(ctx)
		}, "panic while asking: *errors.errorString"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			err := guardhttp.Each(t.Context(), 1000, 2, func(ctx context.Context, i int) (bool, error) {
				asked.Add(1)
				return tt.ask(ctx, i)
			})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if asked.Load() > 3 {
				t.Errorf("%d were asked", asked.Load())
			}
		})
	}
}

func TestEachWithdrawn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := guardhttp.Each(ctx, 2, 2, func(context.Context, int) (bool, error) { t.Error("asked"); return false, nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
