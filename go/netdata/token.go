package netdata

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strings"
)

// invocationVariables hold the agent's invocation id; the first that is set counts. systemd sets the
// second.
var invocationVariables = [2]string{"NETDATA_INVOCATION_ID", "INVOCATION_ID"}

// ErrNoToken says that an environment names no agent.
var ErrNoToken = errors.New("neither NETDATA_INVOCATION_ID nor INVOCATION_ID is set: start the program from the agent, or pass its token")

// ErrInvalidID says that a value is no invocation id.
var ErrInvalidID = errors.New("no invocation id: it needs 32 hexadecimal digits, with the dashes of a UUID or without")

// AuthToken returns the token of the agent that started this process, from its environment.
//
// It fails with [ErrNoToken] where no variable is set, and with [ErrInvalidID] where its value is none.
func AuthToken() (uint64, error) {
	return tokenOf(os.Getenv)
}

func tokenOf(variable func(name string) string) (uint64, error) {
	for _, name := range invocationVariables {
		if id := variable(name); id != "" {
			return TokenOfInvocation(id)
		}
	}
	return 0, ErrNoToken
}

// TokenOfInvocation returns the token that belongs to an invocation id, a UUID with or without dashes:
// XXH3 (64 bits, seed 0) of its 16 bytes. It fails with [ErrInvalidID].
func TokenOfInvocation(id string) (uint64, error) {
	digits := id
	if len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' {
		digits = strings.ReplaceAll(id, "-", "")
	}
	bytes, err := hex.DecodeString(digits)
	if err != nil || len(bytes) != 16 {
		return 0, fmt.Errorf("%q is %w", id, ErrInvalidID)
	}
	return hash16([16]byte(bytes)), nil
}

// hash16 is XXH3 with 64 bits and seed 0 of exactly 16 bytes, the only length that a token needs: one
// multiplication of two words, each mixed with a constant of the algorithm's key.
func hash16(data [16]byte) uint64 {
	// Bytes 24 to 55 of the algorithm's default key, each pair of words combined.
	const (
		keyLow  = 0x1f67b3b7a4a44072 ^ 0x78e5c0cc4ee679cb
		keyHigh = 0x2172ffcc7dd05a82 ^ 0x8e2443f7744608b8
	)
	low := binary.LittleEndian.Uint64(data[:8]) ^ keyLow
	high := binary.LittleEndian.Uint64(data[8:]) ^ keyHigh
	upper, lower := bits.Mul64(low, high)
	sum := uint64(len(data)) + bits.ReverseBytes64(low) + high + (upper ^ lower)
	sum ^= sum >> 37
	sum *= 0x165667919e3779f9
	return sum ^ sum>>32
}
