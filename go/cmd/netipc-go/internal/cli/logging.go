package cli

import (
	"log/slog"
	"strconv"
)

// silent is above every level: nothing is told.
const silent = slog.Level(1 << 10)

// Usual levels of what is told where nobody asks for more.
const (
	// TellWarnings is for who serves.
	TellWarnings = slog.LevelWarn
	// TellNothing is for who asks: errors are what a subcommand ends with.
	TellNothing = silent
)

// Logging is how much is told on stderr, and in which form.
type Logging struct {
	verbose count
	json    bool
}

// Register adds the options.
func (l *Logging) Register(flags *Flags) {
	flags.Var(&l.verbose, "v", "tells on stderr what happens; twice tells more")
	flags.BoolVar(&l.json, "log-json", false, "tells it as JSON, an object a line")
}

// Logger returns what takes events: at least those of the usual level.
func (l *Logging) Logger(env Env, usual slog.Level) *slog.Logger {
	options := slog.HandlerOptions{Level: usual}
	switch {
	case l.verbose > 1:
		options.Level = slog.LevelDebug
	case l.verbose == 1:
		options.Level = slog.LevelInfo
	}
	if l.json {
		return slog.New(slog.NewJSONHandler(env.Stderr, &options))
	}
	return slog.New(slog.NewTextHandler(env.Stderr, &options))
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
