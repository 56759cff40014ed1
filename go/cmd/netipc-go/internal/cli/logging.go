package cli

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// logVariable says what to tell, where no -v does: a level, or levels of targets, as the program netipc has it. Of targets there is
// netipc alone here.
const logVariable = "RUST_LOG"

// silent is above every level: nothing is told.
const silent = slog.Level(1 << 10)

// Usual levels of what is told where nobody asks for more.
const (
	// TellWarnings is for who serves.
	TellWarnings = slog.LevelWarn
	// TellNothing is for who asks: errors are what a subcommand ends with.
	TellNothing = silent
)

// levels are those of the variable.
var levels = map[string]slog.Level{
	"off": silent, "error": slog.LevelError, "warn": slog.LevelWarn, "info": slog.LevelInfo, "debug": slog.LevelDebug,
	"trace": slog.LevelDebug - 4,
}

// Logging is how much is told on stderr, and in which form.
type Logging struct {
	verbose count
	json    bool
}

// Register adds the options.
func (l *Logging) Register(flags *Flags) {
	flags.Var(&l.verbose, "v", "tells on stderr what happens; twice tells more; else $"+logVariable+" says how much")
	flags.BoolVar(&l.json, "log-json", false, "tells it as JSON, an object a line")
}

// Logger returns what takes events: at least those of the usual level, unless options or the environment say otherwise.
func (l *Logging) Logger(env Env, usual slog.Level) *slog.Logger {
	options := slog.HandlerOptions{Level: usual}
	switch {
	case l.verbose > 1:
		options.Level = slog.LevelDebug
	case l.verbose == 1:
		options.Level = slog.LevelInfo
	default:
		if level, err := levelOf(env); err != nil {
			Tell(env.Stderr, err)
		} else if level != nil {
			options.Level = level
		}
	}
	if l.json {
		return slog.New(slog.NewJSONHandler(env.Stderr, &options))
	}
	if journal, reads := env.Stderr.(Journal); reads {
		return slog.New(newJournalHandler(journal, options))
	}
	return slog.New(slog.NewTextHandler(env.Stderr, &options))
}

// levelOf returns the level that the environment wants, if it wants one: of several the last that is for all, or for netipc and what
// is in it.
func levelOf(env Env) (level slog.Leveler, err error) {
	wanted, _ := env.Getenv(logVariable)
	if wanted != "" {
		level = silent
	}
	for part := range strings.SplitSeq(wanted, ",") {
		target, name, of := strings.Cut(strings.TrimSpace(part), "=")
		if !of {
			target, name = "netipc", target
		}
		known, found := levels[strings.ToLower(name)]
		switch {
		case name == "" && !of:
		case !found:
			return nil, fmt.Errorf("%s is passed over: %q: %q is no level: use off, error, warn, info, debug or trace", logVariable, wanted, name)
		case strings.HasPrefix(target, "netipc"):
			level = known
		}
	}
	return level, nil
}

// count is how often an option without a value was given.
type count int

// String returns the number.
func (c *count) String() string { return strconv.Itoa(int(*c)) }

// Set counts once more.
func (c *count) Set(string) error {
	*c++
	return nil
}

// IsBoolFlag says that the option has no value.
func (*count) IsBoolFlag() bool { return true }
