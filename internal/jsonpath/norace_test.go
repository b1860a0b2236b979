//go:build !race

package jsonpath_test

const underRace = false
