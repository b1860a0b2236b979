package guardhttp

import (
	"context"
	"fmt"
	"sync"
)

// Each calls ask for every index below n, as many at a time as workers says, until one of them settles the matter or
// fails; it cancels the others then. The error is the first, unless one call settled the matter. A panic counts
// as a failure: it would be out of reach of whoever called the guard.
func Each(ctx context.Context, n, workers int, ask func(ctx context.Context, i int) (settled bool, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu      sync.Mutex
		next    int
		settled bool
		failure error
		group   sync.WaitGroup
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == n || ctx.Err() != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for range min(n, workers) {
		group.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				done, err := guarded(ctx, i, ask)
				if !done && err == nil {
					continue
				}
				mu.Lock()
				settled = settled || done
				if failure == nil {
					failure = err
				}
				mu.Unlock()
				cancel()
			}
		})
	}
	group.Wait()
	if settled {
		return nil
	}
	if failure == nil && next < n {
		return ctx.Err() // withdrawn before all of them were asked
	}
	return failure
}

func guarded(ctx context.Context, i int, ask func(context.Context, int) (bool, error)) (settled bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			settled, err = false, fmt.Errorf("panic while asking: %T", p)
		}
	}()
	return ask(ctx, i)
}
