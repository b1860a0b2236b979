package jsonpath

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// peek returns the next byte, or 0 at the end; a NUL in an expression is a fault wherever it stands.
func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// here describes what comes next, for errors.
func (p *parser) here() string {
	if p.pos == len(p.src) {
		return "the end"
	}
	r, _ := utf8.DecodeRuneInString(p.src[p.pos:])
	return fmt.Sprintf("%q", r)
}

func (p *parser) accept(token string) bool {
	if !strings.HasPrefix(p.src[p.pos:], token) {
		return false
	}
	p.pos += len(token)
	return true
}

func (p *parser) expect(token string) {
	if !p.accept(token) {
		p.fail(KindSyntax, "%q expected, not %s", token, p.here())
	}
}

// space skips S, the RFC's optional blank space.
func (p *parser) space() {
	for p.pos < len(p.src) && strings.IndexByte(" \t\n\r", p.src[p.pos]) >= 0 {
		p.pos++
	}
}

// atName reports whether name-first comes next (section 2.5.1.1).
func (p *parser) atName() bool {
	c := p.peek()
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}

func isDigit(c byte) bool { return c-'0' < 10 }

// digits skips digits and returns how many there were.
func (p *parser) digits() int {
	start := p.pos
	for isDigit(p.peek()) {
		p.pos++
	}
	return p.pos - start
}

// maxInteger is the largest integer that every implementation represents exactly (RFC 7493 section 2.2).
const maxInteger = 1<<53 - 1

// integer parses an int of the grammar: no leading zeros, no -0, within the range of I-JSON (section 2.1).
func (p *parser) integer() int64 {
	start := p.pos
	p.accept("-")
	n := p.digits()
	text := p.src[start:p.pos]
	if n == 0 || text == "-0" || n > 1 && text[len(text)-n] == '0' {
		p.failAt(start, KindNumber, "%q is not an integer", text)
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v > maxInteger || v < -maxInteger {
		p.failAt(start, KindNumber, "%s is beyond ±(2^53-1)", text)
	}
	return v
}

// number parses a number literal of a comparison (section 2.3.5.1), which has JSON's grammar.
func (p *parser) number() []byte {
	start := p.pos
	p.accept("-")
	first := p.peek()
	n := p.digits()
	ok := n == 1 || n > 1 && first != '0'
	if p.accept(".") {
		ok = p.digits() > 0 && ok
	}
	if p.accept("e") || p.accept("E") {
		if !p.accept("+") {
			p.accept("-")
		}
		ok = p.digits() > 0 && ok
	}
	if !ok {
		p.failAt(start, KindNumber, "%q is not a number", p.src[start:p.pos])
	}
	return []byte(p.src[start:p.pos])
}

// quoted parses a string literal in single or double quotes (section 2.3.1.1).
func (p *parser) quoted() string {
	start := p.pos
	quote := p.src[p.pos]
	p.pos++
	var b strings.Builder
	for {
		switch c := p.peek(); {
		case p.pos == len(p.src):
			p.failAt(start, KindString, "the string does not end")
		case c == quote:
			p.pos++
			return b.String()
		case c < 0x20:
			p.fail(KindString, "control character %s", p.here())
		case c == '\\':
			b.WriteRune(p.escape(quote))
		default:
			b.WriteByte(c)
			p.pos++
		}
	}
}

func (p *parser) escape(quote byte) rune {
	start := p.pos
	p.pos++
	c := p.peek()
	p.pos++
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case '/', '\\', quote:
		return rune(c)
	case 'u':
		r := p.hex4(start)
		if !utf16.IsSurrogate(r) {
			return r
		}
		if p.accept(`\u`) {
			if pair := utf16.DecodeRune(r, p.hex4(start)); pair != utf8.RuneError {
				return pair
			}
		}
		p.failAt(start, KindString, "lone surrogate")
	}
	p.failAt(start, KindString, "unknown escape")
	return 0
}

func (p *parser) hex4(start int) rune {
	if p.pos+4 > len(p.src) {
		p.failAt(start, KindString, "four hexadecimal digits must follow \\u")
	}
	// Not ParseUint alone, which would take a sign or an underscore in some bases.
	digits := p.src[p.pos : p.pos+4]
	if strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		p.failAt(start, KindString, "four hexadecimal digits must follow \\u")
	}
	v, err := strconv.ParseUint(digits, 16, 16)
	if err != nil {
		p.failAt(start, KindString, "four hexadecimal digits must follow \\u")
	}
	p.pos += 4
	return rune(v)
}
