package jsonpath

import "bytes"

// decimal is a JSON number taken apart: 0.digits × 10^exponent, with no leading zero among the digits, which
// stand in two parts since a point may be between them. Zero has no digits.
type decimal struct {
	negative        bool
	whole, fraction []byte
	exponent        int64
}

// maxExponent keeps sums of exponents and lengths from overflowing.
const maxExponent = 1 << 60

func parseDecimal(text []byte) decimal {
	var d decimal
	if text[0] == '-' {
		d.negative, text = true, text[1:]
	}
	var exponent int64
	if i := bytes.IndexAny(text, "eE"); i >= 0 {
		exponent, text = parseExponent(text[i+1:]), text[:i]
	}
	d.whole = text
	if i := bytes.IndexByte(text, '.'); i >= 0 {
		d.whole, d.fraction = text[:i], text[i+1:]
	}
	d.whole = bytes.TrimLeft(d.whole, "0")
	d.exponent = exponent + int64(len(d.whole))
	if len(d.whole) == 0 {
		significant := bytes.TrimLeft(d.fraction, "0")
		d.exponent -= int64(len(d.fraction) - len(significant))
		d.fraction = significant
	}
	d.fraction = bytes.TrimRight(d.fraction, "0")
	return d
}

func parseExponent(text []byte) int64 {
	negative := text[0] == '-'
	var v int64
	for _, c := range bytes.TrimLeft(text, "+-") {
		v = min(v*10+int64(c-'0'), maxExponent)
	}
	if negative {
		return -v
	}
	return v
}

// compareNumbers orders two JSON numbers by their exact values.
func compareNumbers(x, y []byte) int {
	a, b := parseDecimal(x), parseDecimal(y)
	if sa, sb := a.sign(), b.sign(); sa != sb || sa == 0 {
		return sa - sb
	}
	order := a.compareMagnitude(b)
	if a.negative {
		return -order
	}
	return order
}

func (d decimal) sign() int {
	switch {
	case len(d.whole)+len(d.fraction) == 0:
		return 0 // of -0 too
	case d.negative:
		return -1
	}
	return 1
}

func (d decimal) compareMagnitude(other decimal) int {
	if d.exponent != other.exponent {
		if d.exponent < other.exponent {
			return -1
		}
		return 1
	}
	for i := range max(len(d.whole)+len(d.fraction), len(other.whole)+len(other.fraction)) {
		if a, b := d.digit(i), other.digit(i); a != b {
			return int(a) - int(b)
		}
	}
	return 0
}

// digit returns the i-th digit, of which there are as many zeros as one likes at the end.
func (d decimal) digit(i int) byte {
	if i < len(d.whole) {
		return d.whole[i]
	}
	if i -= len(d.whole); i < len(d.fraction) {
		return d.fraction[i]
	}
	return '0'
}
