package system

// UsualRunDir returns where endpoints are unless somebody says otherwise.
func UsualRunDir(getenv func(string) (string, bool)) (string, bool) {
	if dir, _ := getenv("ProgramData"); dir != "" {
		return dir + `\netipc`, true
	}
	return `C:\ProgramData\netipc`, true
}

// Place returns what stands for a service in a run directory.
func Place(runDir, service string) string { return runDir + "/" + service }
