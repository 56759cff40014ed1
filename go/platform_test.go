package netipc_test

import (
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// ofPlatform are the packages that are about one platform, by the start of their paths.
var ofPlatform = []string{"syscall", "golang.org/x/sys/", module + "/transport/posix", module + "/transport/windows"}

// others are platforms that no file of ours is named after.
var others = []string{"plan9", "js", "wasip1", "aix", "solaris"}

// A platform is a set of whole files: what every platform compiles imports nothing of one.
func TestSharedFilesNameNoPlatform(t *testing.T) {
	shared, kept := 0, 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		if isOfPlatform(t, path) {
			kept++
			return nil
		}
		shared++
		for _, imported := range importsOf(t, path) {
			for _, start := range ofPlatform {
				if strings.HasPrefix(imported, start) {
					t.Errorf("%s is for every platform and imports %s: move that to a file named after a platform", path, imported)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if shared < 50 || kept < 20 {
		t.Errorf("there are %d shared files and %d of platforms", shared, kept)
	}
}

// isOfPlatform tells whether some platform leaves the file out, by its name or its constraint.
func isOfPlatform(t *testing.T, path string) bool {
	t.Helper()
	for _, platform := range append([]string{"linux", "windows", "freebsd", "darwin"}, others...) {
		context := build.Default
		context.GOOS, context.GOARCH = platform, "amd64"
		matches, err := context.MatchFile(filepath.Dir(path), filepath.Base(path))
		if err != nil {
			t.Fatal(err)
		}
		if !matches {
			return true
		}
	}
	return false
}

func importsOf(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, imported)
	}
	return paths
}
