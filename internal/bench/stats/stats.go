// Package stats has the two statistics of the tables: quantiles of one round's samples, and medians over the rounds.
package stats

import (
	"math"
	"slices"
)

// Quantile returns the smallest sample that at least the fraction q of the samples do not exceed (nearest rank). The
// samples are sorted in place. It is NaN for none.
func Quantile(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	slices.Sort(samples)
	rank := int(math.Ceil(q * float64(len(samples))))
	return samples[min(max(rank, 1), len(samples))-1]
}

// Median returns the middle value, or the mean of the two in the middle; NaN for none. Values that are NaN do not count.
func Median(values []float64) float64 {
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(sorted) == 0 {
		return math.NaN()
	}
	slices.Sort(sorted)
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Ratio returns the median of a[i]/b[i]: what drifts from round to round drifts for both, and does not show in it.
func Ratio(a, b []float64) float64 {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return Median(ratios)
}
