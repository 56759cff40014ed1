// Package codecpeer encodes and decodes what is around payloads as lines of text tell, for the differential test: the same
// lines go to a peer in every language, and the answers must be the same.
package codecpeer

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/netipc/netipc/go/protocol"
)

const bufferLen = 1 << 16

// Run answers the lines of in until they end. It fails for a line that asks for nothing known.
func Run(in io.Reader, out io.Writer) error {
	input, output := bufio.NewReaderSize(in, bufferLen), bufio.NewWriterSize(out, bufferLen)
	// A panic, too, comes after the answers so far.
	defer output.Flush()
	for {
		line, err := input.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return output.Flush()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		answer, err := answer(line)
		if err != nil {
			return err
		}
		if _, err := output.Write(append(answer, '\n')); err != nil {
			return err
		}
		// Whoever has asked everything so far waits.
		if input.Buffered() == 0 {
			if err := output.Flush(); err != nil {
				return err
			}
		}
	}
}

// said is what came of a question: words, or the error of the library.
type said func(in *words, out *line) error

var encoders = map[string]said{
	"header":    encodeHeader,
	"chunk":     encodeChunk,
	"hello":     encodeHello,
	"hello-ack": encodeHelloAck,
	"batch":     encodeBatch,
}

var decoders = map[string]said{
	"header":    decodeHeader,
	"chunk":     decodeChunk,
	"hello":     decodeHello,
	"hello-ack": decodeHelloAck,
	"batch":     decodeBatch,
}

func answer(question string) ([]byte, error) {
	in, out := newWords(question), line("ok")
	codecs := map[string]map[string]said{"encode": encoders, "decode": decoders}
	what, kind := in.word(), in.word()
	run, known := codecs[what][kind]
	if !known {
		return nil, fmt.Errorf("not a line of the protocol: cannot %q a %q", what, kind)
	}
	err := run(in, &out)
	switch {
	case in.err != nil:
		return nil, in.err
	case err != nil:
		return refusal(err), nil
	default:
		return out, nil
	}
}

func refusal(err error) line {
	out := line("error")
	out.word(errorName(err))
	return out
}

// errorName returns the name that all languages know an error by.
func errorName(err error) string {
	var wire *protocol.WireError
	if !errors.As(err, &wire) {
		return fmt.Sprintf("%q", err)
	}
	switch wire.Kind {
	case protocol.ErrTruncated:
		return "Truncated"
	case protocol.ErrBadMagic:
		return "BadMagic"
	case protocol.ErrBadVersion:
		return "BadVersion"
	case protocol.ErrBadHeaderLen:
		return "BadHeaderLen"
	case protocol.ErrBadKind:
		return "BadKind"
	case protocol.ErrBadLayout:
		return "BadLayout"
	case protocol.ErrOutOfBounds:
		return "OutOfBounds"
	case protocol.ErrMissingNul:
		return "MissingNul"
	case protocol.ErrBadAlignment:
		return "BadAlignment"
	case protocol.ErrBadItemCount:
		return "BadItemCount"
	case protocol.ErrOverflow:
		return "Overflow"
	default:
		return fmt.Sprintf("%q", err)
	}
}
