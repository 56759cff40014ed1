package serve

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/kinds"
	"github.com/netipc/netipc/go/service"
)

// recording is what netipc record wrote of one service.
type recording struct {
	kind kinds.Kind
	// From when on, after the start, which content is served; none where nobody answered.
	from     []time.Duration
	contents []kinds.Content
}

// recordings returns what serves the recordings of files, from now on, each of another service.
func recordings(files []string) (map[string]service.Handler, error) {
	served := make(map[string]service.Handler)
	begun := time.Now()
	for _, file := range files {
		recorded, err := readRecording(file)
		if err != nil {
			return nil, cli.Fail(cli.Usage, "recording %s: %w", file, err)
		}
		name := recorded.kind.Name()
		if _, twice := served[name]; twice {
			return nil, cli.Fail(cli.Usage, "recording %s is of %s, as is an earlier one", file, name)
		}
		served[name] = recorded.kind.Serve(recorded.contents, func() int { return recorded.at(time.Since(begun)) })
	}
	return served, nil
}

func readRecording(file string) (*recording, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	lines := bufio.NewReader(opened)
	first, err := nextLine(lines)
	if err != nil {
		return nil, errors.New("it is empty")
	}
	var began struct {
		Service *string
		Began   float64
	}
	if err := json.Unmarshal(first, &began); err != nil {
		return nil, fmt.Errorf("line 1: %w: netipc record writes recordings", err)
	}
	if began.Service == nil {
		return nil, errors.New("line 1: missing field \"service\": netipc record writes recordings")
	}
	kind, err := kinds.Find(*began.Service)
	if err != nil {
		return nil, err
	}
	recorded := &recording{kind: kind}
	for number := 2; ; number++ {
		line, err := nextLine(lines)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = recorded.add(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if len(recorded.from) == 0 {
		return nil, errors.New("nothing was heard in it")
	}
	return recorded, nil
}

// nextLine returns a line, however long; [io.EOF] behind the last.
func nextLine(lines *bufio.Reader) ([]byte, error) {
	line, err := lines.ReadBytes('\n')
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	return line, err
}

// add takes one answer, or a failure.
func (r *recording) add(line []byte) error {
	var heard struct {
		AtSeconds *float64 `json:"at_seconds"`
		Reply     json.RawMessage
	}
	if err := json.Unmarshal(line, &heard); err != nil {
		return err
	}
	const most = math.MaxInt64 / float64(time.Second)
	if heard.AtSeconds == nil || !(*heard.AtSeconds >= 0 && *heard.AtSeconds < most) {
		return errors.New("at_seconds: a time since the beginning was expected")
	}
	var content kinds.Content
	if heard.Reply != nil {
		var err error
		if content, err = r.kind.Read(heard.Reply); err != nil {
			return err
		}
	}
	r.from = append(r.from, time.Duration(*heard.AtSeconds*float64(time.Second)))
	r.contents = append(r.contents, content)
	return nil
}

// at returns which content answers after a time: before the first of them the first, behind the last that one.
func (r *recording) at(now time.Duration) int {
	past := sort.Search(len(r.from), func(i int) bool { return r.from[i] > now })
	return max(past-1, 0)
}
