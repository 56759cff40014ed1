package kinds

import "testing"

func TestPlainSpellsOutWhatMisleads(t *testing.T) {
	for text, want := range map[string]string{
		"müll 漢字":       "müll 漢字",
		"a\x1b[2Jb\n":   `a\u{1b}[2Jb\n`,
		"a\u202egnp.b":  `a\u{202e}gnp.b`,
		"a\u2066\u200b": `a\u{2066}\u{200b}`,
		"a\u2028b":      `a\u{2028}b`,
	} {
		if got := plain(text); got != want {
			t.Errorf("plain(%q) is %q, not %q", text, got, want)
		}
	}
}
