package transport

import (
	"fmt"
	"strconv"
)

// MaxObjectName is the characters that the name of a pipe or another object may have.
const MaxObjectName = 255

// platformName returns the name of the pipe, and its longest length.
func platformName(runDir, service string) (name string, limit int) {
	return fmt.Sprintf(`\\.\pipe\netipc-%016x-%s`, fnv1a(runDir), service), MaxObjectName
}

// placeOf returns nothing: no directory is behind the name.
func placeOf(string) string { return "" }

// PipeName returns the name of the pipe: \\.\pipe\netipc-{hash of the run directory}-{service}.
func (e Endpoint) PipeName() string { return e.name }

// ObjectName returns the name of an object of a session's shared memory: part is "mapping", "req_event"
// or "resp_event". The name depends on the secret of the endpoint, so that who does not know it cannot
// be there first. It fails with [ErrPathTooLong] beyond [MaxObjectName].
func (e Endpoint) ObjectName(token uint64, profile uint32, sessionID uint64, part string) (string, error) {
	hash := fnv1a(e.runDir + "\n" + e.service + "\n" + strconv.FormatUint(token, 10))
	name := fmt.Sprintf(`Local\netipc-%016x-%s-p%d-s%016x-%s`, hash, e.service, profile, sessionID, part)
	if len(name) > MaxObjectName {
		return "", &EndpointError{Kind: ErrPathTooLong, Name: name, Limit: MaxObjectName}
	}
	return name, nil
}

// fnv1a is the hash of 64 bits that names are made of, over bytes as they are.
func fnv1a(text string) uint64 {
	hash := uint64(0xcbf29ce484222325)
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * 0x100000001b3
	}
	return hash
}
