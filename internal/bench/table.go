package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/headersafe/headersafe/internal/bench/stats"
)

// markdown renders the report: a table for each scenario, a row for each peer.
func markdown(r *report, scenarios []scenario, config bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Run on %s with `%s` in %s: medians of the rounds, in parentheses the ratio to %s.\n\n%s.\n",
		r.Date.Format("2 January 2006"), r.Command, r.Took, reference, r.Machine)
	for _, s := range scenarios {
		table(&b, r, s)
	}
	b.WriteString("\nVersions: ")
	var versions, missing []string
	for _, p := range r.Peers {
		if p.Missing == "" {
			versions = append(versions, p.Name+" "+p.Version)
		} else {
			reason, _, _ := strings.Cut(p.Missing, "\n")
			missing = append(missing, fmt.Sprintf("\n%s was left out: %s.\n", p.Name, reason))
		}
	}
	b.WriteString(strings.Join(versions, ", ") + ".\n" + strings.Join(missing, ""))
	if config {
		for _, p := range r.Peers {
			fmt.Fprintf(&b, "\n%s:\n\n```\n%s\n```\n", p.Name, strings.TrimSpace(p.Config))
		}
	}
	return b.String()
}

func table(b *strings.Builder, r *report, s scenario) {
	fmt.Fprintf(b, "\n%s; %s.\n\n| |", s.title, plural(s.roundsOf(r.Rounds), "round"))
	for _, c := range s.columns {
		fmt.Fprintf(b, " %s |", c.title)
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(s.columns)) + "\n")
	var rows, notes []string
	for _, p := range r.Peers {
		if p.Missing == "" {
			rows = append(rows, p.Name)
		}
	}
	if s.direct {
		rows = append(rows, direct)
	}
	for _, peer := range rows {
		fmt.Fprintf(b, "| %s |", peer)
		for _, c := range s.columns {
			fmt.Fprintf(b, " %s |", cell(r, s, peer, c))
		}
		b.WriteByte('\n')
		if failed, of, first := r.failures(s.name, peer); failed > 0 {
			notes = append(notes, fmt.Sprintf("\n%s: %s of %s exchanges failed, the first with %q.\n", peer, thousands(float64(failed)), thousands(float64(of)), first))
		}
	}
	b.WriteString(strings.Join(notes, ""))
}

// cell is a peer's median and its ratio to the reference.
func cell(r *report, s scenario, peer string, c column) string {
	values := r.column(s, peer, c)
	median := stats.Median(values)
	if math.IsNaN(median) || c.added && peer == direct {
		if failed, of, _ := r.failures(s.name, peer); failed*100 > of {
			return "failed"
		}
		return "–"
	}
	text := significant(median)
	switch {
	case c.whole:
		text = thousands(math.Round(median))
	case c.percent:
		text = fmt.Sprintf("%.0f%%", 100*median)
	}
	const busy = 0.93
	if c.busy && stats.Median(r.rounds(s.name, peer, "busy")) < busy {
		text = "≥ " + text
	}
	if ratio := stats.Ratio(values, r.column(s, reference, c)); c.ratio && peer != direct && peer != reference && !math.IsNaN(ratio) {
		text += fmt.Sprintf(" (%.2f)", ratio)
	}
	return text
}

// column returns what a column shows of each round.
func (r *report) column(s scenario, peer string, c column) []float64 {
	values := r.rounds(s.name, peer, c.key)
	base := r.rounds(s.name, direct, c.key)
	for i := range values {
		if c.added {
			values[i] -= base[i]
		}
		if c.divide != 0 {
			values[i] /= c.divide
		}
	}
	return values
}

// significant renders a number to three digits, and large ones as whole numbers with commas.
func significant(v float64) string {
	if v == 0 || math.IsNaN(v) {
		return "0"
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	if digits <= 0 {
		unit := math.Pow10(-digits)
		return thousands(math.Round(v/unit) * unit)
	}
	return strconv.FormatFloat(v, 'f', min(digits, 2), 64)
}

// thousands renders a whole number with commas.
func thousands(v float64) string {
	text := strconv.FormatInt(int64(math.Abs(v)), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if v < 0 {
		return "-" + text
	}
	return text
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
