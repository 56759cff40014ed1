package cli

import (
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/system"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/transport"
)

// MaxResponseBytes is the bytes of the largest answer, on both sides; a session starts far below and
// grows as needed.
const MaxResponseBytes = 64 * 1024 * 1024

const (
	tokenVariable    = "NETIPC_AUTH_TOKEN"
	profilesVariable = "NETIPC_PROFILES"
	// maxTokenFile is longer than any token with the white space around it.
	maxTokenFile = 256
)

// Endpoint is where endpoints are, and how they are reached.
type Endpoint struct {
	runDir, token, tokenFile string
	netdata                  bool
	profiles                 Many
}

// Register adds the options.
func (e *Endpoint) Register(flags *Flags) {
	flags.StringVar(&e.runDir, "run-dir", "",
		"`DIR` of the endpoints; else "+system.RunDirHelp)
	flags.BoolVar(&e.netdata, "netdata", false,
		"takes the run directory and the token of the Netdata agent, by its own rules, where none are given")
	flags.StringVar(&e.token, "auth-token", "",
		"shared secret `N`, decimal or 0x hex; visible in the list of processes")
	flags.StringVar(&e.tokenFile, "auth-token-file", "",
		"`FILE` with the shared secret; comes before NETIPC_AUTH_TOKEN")
	flags.Var(&e.profiles, "profiles",
		"`LIST` of shm, which is all of shared memory but what has to be asked for by name, and of "+
			strings.Join(profileNames(), ", ")+"; else $"+profilesVariable+", else baseline,shm")
}

// RunDir returns the directory of the endpoints, given or usual.
func (e *Endpoint) RunDir(env Env) (string, error) {
	if e.runDir != "" {
		return e.runDir, nil
	}
	if e.netdata {
		return netdataRunDir()
	}
	if dir, _ := env.Getenv("NETIPC_RUN_DIR"); dir != "" {
		return dir, nil
	}
	if dir, found := system.UsualRunDir(env.Getenv); found {
		return dir, nil
	}
	return "", Fail(Usage, system.NoRunDir)
}

// ServeDir returns the directory that a provider makes its endpoints in, given or usual.
func (e *Endpoint) ServeDir(env Env) (string, error) {
	if e.netdata && e.runDir == "" {
		return netdataServeDir()
	}
	return e.RunDir(env)
}

// sharedMemory names every kind of shared memory that nobody has to ask for by name.
const sharedMemory = "shm"

// profileBits returns the profiles of the platform, by their names.
func profileBits() map[string]uint32 {
	bits := make(map[string]uint32)
	for _, profile := range service.NativeTransport(nil).Profiles() {
		bits[profile.Name] = profile.Bit
		if profile.Kind == transport.LinkSharedMemory && !profile.OnRequest {
			bits[sharedMemory] |= profile.Bit
		}
	}
	return bits
}

// profileNames returns the names of the profiles of the platform.
func profileNames() []string {
	var names []string
	for _, profile := range service.NativeTransport(nil).Profiles() {
		names = append(names, profile.Name)
	}
	return names
}

// Baseline returns what carries the data of the baseline on this platform.
func Baseline() transport.LinkKind {
	for _, profile := range service.NativeTransport(nil).Profiles() {
		if profile.Bit == transport.ProfileBaseline {
			return profile.Kind
		}
	}
	return transport.LinkMemory
}

// Profiles returns the profiles as the bits of the protocol: those of the option, of the environment, or the usual ones.
func (e *Endpoint) Profiles(env Env) (uint32, error) {
	known := profileBits()
	names := []string(e.profiles)
	if list, _ := env.Getenv(profilesVariable); len(names) == 0 && list != "" {
		names = strings.Split(list, ",")
	}
	if len(names) == 0 {
		return known["baseline"] | known[sharedMemory], nil
	}
	var bits uint32
	for _, name := range names {
		bit, found := known[strings.TrimSpace(name)]
		if !found {
			return 0, Fail(Usage, "there is no profile %q: use %s or one of %s", name, sharedMemory, strings.Join(profileNames(), ", "))
		}
		bits |= bit
	}
	return bits, nil
}

// Token returns the token for who asks endpoint.
func (e *Endpoint) Token(env Env, endpoint transport.Endpoint) (uint64, error) {
	return e.tokenOr(env, func() (uint64, error) { return netdataTokenOf(endpoint) })
}

// ServeToken returns the token for who serves.
func (e *Endpoint) ServeToken(env Env) (uint64, error) { return e.tokenOr(env, netdataOwnToken) }

// tokenOr returns the token that is given, else that of the agent, if it is asked for, else 0.
func (e *Endpoint) tokenOr(env Env, agents func() (uint64, error)) (uint64, error) {
	token, given, err := e.givenToken(env)
	if err == nil && !given && e.netdata {
		return agents()
	}
	return token, err
}

// givenToken returns the token from the argument, else from the file, else from the environment, and
// whether there is one.
func (e *Endpoint) givenToken(env Env) (token uint64, given bool, err error) {
	const what = "a decimal or 0x hex number of 64 bits"
	switch {
	case e.token != "" && e.tokenFile != "":
		return 0, false, Fail(Usage, "--auth-token cannot be used with --auth-token-file")
	case e.token != "":
		if token, ok := parseToken(e.token); ok {
			return token, true, nil
		}
		return 0, false, Fail(Usage, "--auth-token is not %s", what)
	case e.tokenFile != "":
		text, err := readStart(e.tokenFile)
		if err != nil {
			return 0, false, Fail(Usage, "the auth token file cannot be read: %w", err)
		}
		// The content is not shown: it may be half of a secret.
		if token, ok := parseToken(strings.TrimSpace(text)); ok {
			return token, true, nil
		}
		return 0, false, Fail(Usage, "the auth token file %s does not hold %s", e.tokenFile, what)
	}
	text, given := env.Getenv(tokenVariable)
	if !given {
		return 0, false, nil
	}
	if token, ok := parseToken(strings.TrimSpace(text)); ok {
		return token, true, nil
	}
	return 0, false, Fail(Usage, "%s is not %s", tokenVariable, what)
}

func readStart(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxTokenFile))
	return string(text), err
}

// parseToken reads a number without a sign, and without what Go's own syntax has beyond that.
func parseToken(text string) (uint64, bool) {
	digits, base := text, 10
	if len(text) > 2 && (text[:2] == "0x" || text[:2] == "0X") {
		digits, base = text[2:], 16
	}
	token, err := strconv.ParseUint(digits, base, 64)
	return token, err == nil
}
