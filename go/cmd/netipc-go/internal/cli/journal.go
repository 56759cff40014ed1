package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// Journal is a stderr that the journal of systemd reads: it has a clock of its own, and reads how grave a line is from its beginning.
type Journal struct{ io.Writer }

// graveError begins a line that tells of an error.
const graveError = "<3>"

// journalHandler writes lines for the journal.
type journalHandler struct {
	slog.Handler
	lines *journalLines
}

// journalLines puts what its events have in common in front of lines.
type journalLines struct {
	mu    sync.Mutex
	start string
	to    io.Writer
}

// Write writes one line.
func (j *journalLines) Write(line []byte) (int, error) {
	if _, err := j.to.Write(append([]byte(j.start), line...)); err != nil {
		return 0, err
	}
	return len(line), nil
}

func newJournalHandler(journal Journal, options slog.HandlerOptions) *journalHandler {
	options.ReplaceAttr = func(groups []string, attribute slog.Attr) slog.Attr {
		if len(groups) == 0 && attribute.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return attribute
	}
	lines := &journalLines{to: journal}
	return &journalHandler{slog.NewTextHandler(lines, &options), lines}
}

// Handle writes one event.
func (h *journalHandler) Handle(ctx context.Context, record slog.Record) error {
	h.lines.mu.Lock()
	defer h.lines.mu.Unlock()
	h.lines.start = fmt.Sprintf("<%d>", priority(record.Level))
	return h.Handler.Handle(ctx, record)
}

// WithAttrs returns the same with attributes.
func (h *journalHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return &journalHandler{h.Handler.WithAttrs(attributes), h.lines}
}

// WithGroup returns the same within a group.
func (h *journalHandler) WithGroup(name string) slog.Handler {
	return &journalHandler{h.Handler.WithGroup(name), h.lines}
}

// priority is the number that syslog and the journal have for a level.
func priority(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 3
	case level >= slog.LevelWarn:
		return 4
	case level >= slog.LevelInfo:
		return 6
	}
	return 7
}
