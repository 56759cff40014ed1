package call

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/documents"
	"github.com/netipc/netipc/go/protocol"
)

// document is a reply that can be shown.
type document struct {
	value any
	// print writes the table, or the value.
	print func(out io.Writer) error
	// summary is what to say of it in front of how it came; it ends in a comma and a space unless empty.
	summary string
}

func snapshotDocument(reply *documents.Snapshot) document {
	rows := [][]string{{"HASH", "ENABLED", "OPTIONS", "NAME", "PATH"}}
	for _, item := range reply.Items {
		rows = append(rows, []string{
			fmt.Sprintf("%08x", item.Hash), decimal(item.Enabled), options(item.Options), plain(item.Name), plain(item.Path),
		})
	}
	systemd := "with"
	if reply.SystemdEnabled == 0 {
		systemd = "without"
	}
	return tableOf(reply, rows, reply.Generation, systemd+" systemd, ")
}

func cgroupsDocument(reply *documents.Lookup[documents.CgroupItem]) document {
	rows := [][]string{{"PATH", "STATUS", "ORCHESTRATOR", "NAME", "LABELS"}}
	for _, item := range reply.Items {
		rows = append(rows, []string{
			plain(item.Path), item.Status.String(), item.Orchestrator.String(), plain(item.Name), labels(item.Labels),
		})
	}
	return tableOf(reply, rows, reply.Generation, "")
}

func appsDocument(reply *documents.Lookup[documents.AppItem]) document {
	rows := [][]string{{
		"PID", "STATUS", "PPID", "UID", "STARTED", "COMM", "CGROUP", "ORCHESTRATOR", "NAME", "PATH", "LABELS",
	}}
	for _, item := range reply.Items {
		row := []string{decimal(item.Pid), item.Status.String(), "", "", "", "", "", "", "", "", ""}
		if item.Status.Code == protocol.PidStatusKnown {
			row = []string{
				decimal(item.Pid), item.Status.String(), decimal(item.Ppid), decimal(item.Uid),
				strconv.FormatUint(item.Starttime, 10), plain(item.Comm), item.CgroupStatus.String(),
				item.Orchestrator.String(), plain(item.CgroupName), plain(item.CgroupPath), labels(item.Labels),
			}
		}
		rows = append(rows, row)
	}
	return tableOf(reply, rows, reply.Generation, "")
}

func valueDocument[T any](reply *documents.Pair[T]) document {
	return document{value: reply, print: func(out io.Writer) error {
		_, err := fmt.Fprintln(out, plain(fmt.Sprint(reply.Reply)))
		return err
	}}
}

// tableOf shows rows of which the first is the head.
func tableOf(value any, rows [][]string, generation uint64, more string) document {
	noun := "items"
	if len(rows) == 2 {
		noun = "item"
	}
	return document{
		value:   value,
		print:   func(out io.Writer) error { return table(out, rows) },
		summary: fmt.Sprintf("%d %s of generation %d, %s", len(rows)-1, noun, generation, more),
	}
}

func table(out io.Writer, rows [][]string) error {
	aligned := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		// What is empty at the end would only be spaces.
		for len(row) > 1 && row[len(row)-1] == "" {
			row = row[:len(row)-1]
		}
		if _, err := fmt.Fprintln(aligned, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return aligned.Flush()
}

// options are the bits by name, and what has none in hex.
func options(bits uint32) string {
	named := []struct {
		bit  uint32
		name string
	}{
		{protocol.OptionDisabledDuplicate, "duplicate"},
		{protocol.OptionSystemdService, "service"},
		{protocol.OptionUnified, "unified"},
		{protocol.OptionDisabledExcluded, "excluded"},
	}
	var names []string
	for _, option := range named {
		if bits&option.bit != 0 {
			names = append(names, option.name)
			bits &^= option.bit
		}
	}
	if bits != 0 {
		names = append(names, fmt.Sprintf("%#x", bits))
	}
	return strings.Join(names, ",")
}

func labels(labels documents.Labels) string {
	pairs := make([]string, len(labels))
	for i, label := range labels {
		pairs[i] = plain(label.Key) + "=" + plain(label.Value)
	}
	return strings.Join(pairs, " ")
}

// misleading tells characters that a terminal would obey, and those that are invisible and change how others are shown.
func misleading(char rune) bool {
	return unicode.IsControl(char) || unicode.In(char, unicode.Cf, unicode.Zl, unicode.Zp)
}

// plain is a text that others chose without what a terminal would obey, and what would make it look like another text.
func plain(text string) string {
	var out strings.Builder
	for _, char := range text {
		switch {
		case !misleading(char):
			out.WriteRune(char)
		case char == '\n':
			out.WriteString(`\n`)
		case char == '\t':
			out.WriteString(`\t`)
		case char == '\r':
			out.WriteString(`\r`)
		default:
			fmt.Fprintf(&out, `\u{%x}`, char)
		}
	}
	return out.String()
}

func decimal(number uint32) string { return strconv.FormatUint(uint64(number), 10) }
