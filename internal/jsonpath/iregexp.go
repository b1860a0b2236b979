package jsonpath

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// translate turns an I-Regexp (RFC 9485 section 4) into the syntax of package regexp and tells its size. Every construct is parsed
// and written anew, so that nothing that the two read differently goes through.
func translate(source string) (translated string, size int, fault patternFault) {
	t := &translator{src: source}
	if !utf8.ValidString(source) {
		return "", 0, notIRegexp
	}
	size = t.alternatives()
	switch {
	case t.fault != 0:
		return "", 0, t.fault
	case t.src != "":
		return "", 0, notIRegexp
	case size > MaxPattern:
		return "", 0, patternTooLarge
	}
	return t.out.String(), size, 0
}

type translator struct {
	src   string // what is left
	out   strings.Builder
	depth int
	fault patternFault
}

// fail stops the translation: with nothing left to read every loop ends.
func (t *translator) fail(fault patternFault) {
	if t.fault == 0 {
		t.fault = fault
	}
	t.src = ""
}

// next takes one character; 0 at the end, which no rule of the grammar but NormalChar takes for a character.
func (t *translator) next() rune {
	r, n := utf8.DecodeRuneInString(t.src)
	if n == 0 {
		t.fail(notIRegexp)
		return 0
	}
	t.src = t.src[n:]
	return r
}

func (t *translator) at(c byte) bool { return t.src != "" && t.src[0] == c }

func (t *translator) accept(c byte) bool {
	if !t.at(c) {
		return false
	}
	t.src = t.src[1:]
	return true
}

// alternatives: branch *( "|" branch ). A branch may be empty.
func (t *translator) alternatives() int {
	size := t.branch()
	for t.accept('|') {
		t.out.WriteByte('|')
		size += 1 + t.branch()
	}
	return size
}

func (t *translator) branch() int {
	size := 0
	for t.src != "" && !t.at('|') && !t.at(')') {
		// The sum of products stays small: each piece is bounded.
		size = min(size+t.piece(), MaxPattern+1)
	}
	return size
}

// piece: atom [ quantifier ].
func (t *translator) piece() int {
	size := t.atom()
	switch {
	case t.accept('*'):
		t.out.WriteByte('*')
		size++
	case t.accept('+'):
		t.out.WriteByte('+')
		size++
	case t.accept('?'):
		t.out.WriteByte('?')
		size++
	case t.accept('{'):
		size = min(size*t.repeats(), MaxPattern+1)
	}
	return size
}

// repeats: "{" QuantExact [ "," [ QuantExact ] ] "}", of which the brace is taken. It returns how often the atom is written out.
func (t *translator) repeats() int {
	least := t.count()
	most := least
	t.out.WriteString(fmt.Sprintf("{%d", least))
	if t.accept(',') {
		t.out.WriteByte(',')
		if !t.at('}') {
			most = t.count()
			fmt.Fprintf(&t.out, "%d", most)
		}
	}
	if !t.accept('}') || most < least {
		t.fail(notIRegexp)
	}
	t.out.WriteByte('}')
	return max(most, 1) + 1
}

// count: 1*DIGIT, kept below what could overflow.
func (t *translator) count() int {
	if t.src == "" || !isDigit(t.src[0]) {
		t.fail(notIRegexp)
		return 0
	}
	n := 0
	for t.src != "" && isDigit(t.src[0]) {
		n = min(n*10+int(t.src[0]-'0'), MaxPattern+1)
		t.src = t.src[1:]
	}
	return n
}

// atom: NormalChar / charClass / ( "(" i-regexp ")" ).
func (t *translator) atom() int {
	switch r := t.next(); r {
	case '(':
		if t.depth++; t.depth > MaxNesting {
			t.fail(patternTooLarge)
		}
		t.out.WriteString("(?:")
		size := t.alternatives()
		t.out.WriteByte(')')
		if !t.accept(')') {
			t.fail(notIRegexp)
		}
		t.depth--
		return size + 1
	case '.':
		t.out.WriteString(`[^\n\r]`)
	case '[':
		return t.class()
	case '\\':
		if t.at('p') || t.at('P') {
			t.category()
		} else {
			t.out.WriteString(regexp.QuoteMeta(string(t.escaped())))
		}
	case '^':
		t.out.WriteString(`\A`)
	case '$':
		t.out.WriteString(`\z`)
	case ')', '*', '+', '?', ']', '{', '}', '|':
		t.fail(notIRegexp)
	default:
		t.out.WriteString(regexp.QuoteMeta(string(r)))
	}
	return 1
}

// escaped: what stands behind the backslash of SingleCharEsc.
func (t *translator) escaped() rune {
	switch r := t.next(); r {
	case '(', ')', '*', '+', '-', '.', '?', '[', '\\', ']', '^', '{', '|', '}':
		return r
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	t.fail(notIRegexp)
	return 0
}

// class: charClassExpr, of which the bracket is taken. A hyphen stands for itself at either end only.
func (t *translator) class() int {
	size := 1
	t.out.WriteByte('[')
	if t.accept('^') {
		t.out.WriteByte('^')
	}
	if t.accept('-') {
		t.classRune('-')
	} else {
		t.classItem()
	}
	for !t.at(']') && t.src != "" {
		if t.accept('-') {
			t.classRune('-')
			break
		}
		t.classItem()
		size++
	}
	if !t.accept(']') {
		t.fail(notIRegexp)
	}
	t.out.WriteByte(']')
	return 1 + size/8
}

// classItem: CCE1 = ( CCchar [ "-" CCchar ] ) / charClassEsc.
func (t *translator) classItem() {
	if strings.HasPrefix(t.src, `\p`) || strings.HasPrefix(t.src, `\P`) {
		t.src = t.src[1:]
		t.category()
		return
	}
	low := t.classChar()
	t.classRune(low)
	// A hyphen before the closing bracket is not a range's.
	if !t.at('-') || strings.HasPrefix(t.src, "-]") {
		return
	}
	t.accept('-')
	high := t.classChar()
	if high < low {
		t.fail(notIRegexp)
	}
	t.out.WriteByte('-')
	t.classRune(high)
}

// classChar: CCchar.
func (t *translator) classChar() rune {
	switch r := t.next(); r {
	case '\\':
		return t.escaped()
	case '-', '[', ']':
		t.fail(notIRegexp)
		return 0
	default:
		return r
	}
}

// classRune writes a character by its number, so that none is special.
func (t *translator) classRune(r rune) { fmt.Fprintf(&t.out, `\x{%x}`, r) }

// category: catEsc / complEsc, of which the backslash is taken.
func (t *translator) category() {
	letter := t.src[0]
	end := strings.IndexByte(t.src, '}')
	if !strings.HasPrefix(t.src[1:], "{") || end < 0 || !isCategory(t.src[2:end]) {
		t.fail(notIRegexp)
		return
	}
	fmt.Fprintf(&t.out, `\%c{%s}`, letter, t.src[2:end])
	t.src = t.src[end+1:]
}

// isCategory: IsCategory. Those of Unicode but for the surrogates, Cs, which no text holds.
func isCategory(name string) bool {
	subs := map[byte]string{
		'L': "lmotu", 'M': "cen", 'N': "dlo", 'P': "cdefios", 'Z': "lps", 'S': "ckmo", 'C': "cfno",
	}
	switch len(name) {
	case 1:
		return subs[name[0]] != ""
	case 2:
		return strings.IndexByte(subs[name[0]], name[1]) >= 0
	}
	return false
}
