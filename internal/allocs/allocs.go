// Package allocs measures, for tests, how much a function allocates: the number of bytes, where
// [testing.AllocsPerRun] gives the number of times.
package allocs

import "runtime"

// BytesPerRun returns how many bytes f allocates on average over the given number of runs, after one to warm up. Like
// testing.AllocsPerRun it sets GOMAXPROCS to 1 meanwhile, and what other goroutines allocate is counted, too.
func BytesPerRun(runs int, f func()) uint64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / uint64(runs)
}
