package stats

import (
	"math"
	"testing"
)

var nan = math.NaN()

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func TestQuantile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, c := range []struct {
		samples []float64
		q, want float64
	}{
		{nil, 0.5, nan},
		{[]float64{7}, 0.99, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 3, 1, 2}, 0.5, 2},
		{hundred, 0.99, 99},
		{hundred, 0, 1},
		{hundred, 1, 100},
	} {
		if got := Quantile(c.samples, c.q); !same(got, c.want) {
			t.Errorf("Quantile(%v, %v) = %v, not %v", c.samples, c.q, got, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, nan},
		{[]float64{nan}, nan},
		{[]float64{5, nan, 1, 3}, 3},
		{[]float64{4, 1, 2, 3}, 2.5},
	} {
		if got := Median(c.values); !same(got, c.want) {
			t.Errorf("Median(%v) = %v, not %v", c.values, got, c.want)
		}
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{nil, nil, nan},
		{[]float64{1, 20, 300}, []float64{2, 20, 100}, 1},
		{[]float64{1, nan, 8}, []float64{2, 1, 0}, 0.5}, // rounds in which one of them has nothing do not count
		{[]float64{1, 2}, []float64{nan, 1}, 2},
	} {
		if got := Ratio(c.a, c.b); !same(got, c.want) {
			t.Errorf("Ratio(%v, %v) = %v, not %v", c.a, c.b, got, c.want)
		}
	}
}
