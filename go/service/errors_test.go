package service

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

func TestCausesOfNoSessionHaveTheirOwnNumbersAndStates(t *testing.T) {
	t.Parallel()
	_, invalid := transport.NewEndpoint("/run", "a/b")
	for _, row := range []struct {
		cause error
		code  ErrorCode
		state ClientState
	}{
		{invalid, ErrInvalidRequest, StateDisconnected},
		{&transport.ConnectError{Kind: transport.ErrNotFound, Cause: fs.ErrNotExist}, ErrDisconnected, StateNotFound},
		{&transport.ConnectError{Kind: transport.ErrUntrustedServer}, ErrRejected, StateAuthFailed},
		{&transport.ConnectError{Kind: transport.ErrDenied, Cause: fs.ErrPermission}, ErrIO, StateDisconnected},
		{&transport.ConnectError{Kind: transport.ErrTimeout}, ErrTimeout, StateDisconnected},
		{transport.ErrTimeout, ErrTimeout, StateDisconnected},
		{transport.ErrAborted, ErrAborted, StateDisconnected},
		{transport.ErrReset, ErrDisconnected, StateDisconnected},
		{&transport.ProtocolError{What: "x"}, ErrProtocol, StateDisconnected},
		{&transport.AttachError{Kind: transport.ErrHungUp}, ErrDisconnected, StateDisconnected},
		{&transport.AttachError{Kind: transport.ErrUnusable}, ErrIO, StateDisconnected},
		{&handshake.Error{Kind: handshake.ErrAuthFailed}, ErrRejected, StateAuthFailed},
		{&handshake.Error{Kind: handshake.ErrNoProfile}, ErrUnsupported, StateIncompatible},
		{&handshake.Error{Kind: handshake.ErrIncompatible}, ErrUnsupported, StateIncompatible},
		{&handshake.Error{Kind: handshake.ErrLimitExceeded}, ErrOverflow, StateDisconnected},
		{&handshake.Error{Kind: handshake.ErrRejected}, ErrRejected, StateDisconnected},
		{&handshake.Error{Kind: handshake.ErrPacketSize}, ErrProtocol, StateDisconnected},
	} {
		err := &CallError{Endpoint: "/run/x.sock", Failure: &Failure{Kind: FailureReconnect, Cause: row.cause}}
		if err.Code() != row.code || !errors.Is(err, row.code) || openState(row.cause) != row.state {
			t.Errorf("%v: %v, %v", err, err.Code(), openState(row.cause))
		}
		if !errors.Is(err, row.cause) || !strings.Contains(err.Error(), row.cause.Error()) {
			t.Errorf("%v hides its cause", err)
		}
	}
}

func TestMalformedPayloadsHaveTheNumberOfTheirRule(t *testing.T) {
	t.Parallel()
	for kind, code := range wireCodes {
		failure := broken(protocol.NewWireError(kind, "field", 1, 2))
		if failure.Code() != code || !errors.Is(failure, code) || !errors.Is(failure, ErrProtocol) || !errors.Is(failure, kind) {
			t.Errorf("%v: %v", failure, failure.Code())
		}
	}
	if got := mismatch("code", 1, 2).Code(); got != ErrProtocol {
		t.Error(got)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	const secret = 987654321
	for _, config := range []any{ClientConfig{AuthToken: secret}, ServerConfig{AuthToken: secret}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, config); strings.Contains(text, "987654321") || strings.Contains(text, "3ade68b1") {
				t.Errorf("%s shows %s", verb, text)
			}
		}
	}
}

func TestEveryErrorHasItsNumberAndItsName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for code, name := range codeNames {
		if code.Error() != name || seen[name] {
			t.Errorf("%d is %q", code, code.Error())
		}
		seen[name] = true
	}
	if ErrNotReady != 13 || ErrAborted != 15 || ErrDisconnected != 32 || ErrInternal != 41 || ErrorCode(99).Error() != "error 99" {
		t.Error("the numbers are those of every language")
	}
	if StateBroken != 6 || StateBroken.String() != "broken" || ClientState(7).String() != "unknown" {
		t.Error("so are those of the states")
	}
}
