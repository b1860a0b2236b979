//go:build !race

package jsonscan

const underRace = false
