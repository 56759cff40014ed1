package string_reverse

import "slices"

// Reverse is what the service answers.
func Reverse(text []byte) ([]byte, bool) {
	reversed := slices.Clone(text)
	slices.Reverse(reversed)
	return reversed, true
}
