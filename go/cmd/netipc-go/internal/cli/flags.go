// Package cli is what the subcommands share: options, the sentence and the status that they end
// with, and where endpoints and tokens come from.
package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Env is where a subcommand reads and writes.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Getenv looks up a variable of the environment.
	Getenv func(name string) (string, bool)
}

// Flags are the options of a subcommand: --name VALUE or --name=VALUE, before, between and behind its
// other arguments. Behind -- there are no more of them.
type Flags struct {
	*flag.FlagSet
	usage string
}

// ErrHelp says that the help was asked for and is printed.
var ErrHelp = flag.ErrHelp

// NewFlags returns options of which usage tells, in front of their list.
func NewFlags(usage string) *Flags {
	set := flag.NewFlagSet("netipc-go", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return &Flags{set, usage}
}

// Parse reads options; it returns the other arguments, at most as many as that. Where they are not
// valid, it fails with [Usage]. The help goes to out.
func (f *Flags) Parse(args []string, atMost int, out io.Writer) ([]string, error) {
	var others []string
	for len(args) > 0 {
		if err := f.FlagSet.Parse(args); errors.Is(err, flag.ErrHelp) {
			f.help(out)
			return nil, ErrHelp
		} else if err != nil {
			return nil, Fail(Usage, "%s", strings.Replace(err.Error(), ": -", ": --", 1))
		}
		rest := f.Args()
		if read := len(args) - len(rest); read > 0 && args[read-1] == "--" {
			others, args = append(others, rest...), nil
		} else if len(rest) > 0 {
			others, args = append(others, rest[0]), rest[1:]
		} else {
			args = nil
		}
	}
	if len(others) > atMost {
		return nil, Fail(Usage, "unexpected argument %q", others[atMost])
	}
	return others, nil
}

// help prints the usage and the list of options.
func (f *Flags) help(out io.Writer) {
	fmt.Fprintf(out, "%s\n\nOptions:\n", f.usage)
	f.VisitAll(func(option *flag.Flag) {
		value, text := flag.UnquoteUsage(option)
		name := strings.TrimSpace("--" + option.Name + " " + value)
		if option.DefValue != "" && option.DefValue != "false" {
			text += " [default: " + option.DefValue + "]"
		}
		fmt.Fprintf(out, "  %-26s %s\n", name, text)
	})
	fmt.Fprintf(out, "\n%s\n", Table)
}

// Many collects the values of an option that may come again, or hold several between commas.
type Many []string

// String lists the values.
func (m *Many) String() string { return strings.Join(*m, ",") }

// Set takes one more.
func (m *Many) Set(value string) error {
	*m = append(*m, strings.Split(value, ",")...)
	return nil
}

// Files collects the values of an option that may come again.
type Files []string

// String lists the values.
func (f *Files) String() string { return strings.Join(*f, " ") }

// Set takes one more.
func (f *Files) Set(value string) error {
	*f = append(*f, value)
	return nil
}
