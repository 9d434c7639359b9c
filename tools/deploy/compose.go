package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// checkCompose returns what is wrong with compose.yaml: Compose could not load it, a file that it mounts is missing, or
// a service is less confined than it could be. Those for development have rules of their own.
func checkCompose(ctx context.Context, root string) []error {
	project, err := loadCompose(ctx, root, "compose.yaml")
	if err != nil {
		return []error{err}
	}
	faults := checkSecretFiles(root, project.Secrets)
	for _, path := range []string{"deploy/compose/postgres.yaml", "deploy/compose/development.yaml"} {
		faults = append(faults, checkDevelopment(ctx, root, path)...)
	}
	for _, service := range project.Services {
		for _, what := range lacks(service) {
			faults = append(faults, fmt.Errorf("compose.yaml: %s %s", service.Name, what))
		}
		for _, volume := range service.Volumes {
			if _, err := os.Stat(volume.Source); volume.Type == types.VolumeTypeBind && err != nil {
				faults = append(faults, fmt.Errorf("compose.yaml: %s mounts what is not there: %w", service.Name, err))
			}
		}
	}
	return faults
}

// loadCompose loads the file at path as Compose would: by the schema, with all references followed.
func loadCompose(ctx context.Context, root, path string) (*types.Project, error) {
	file := filepath.Join(root, filepath.FromSlash(path))
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithWorkingDirectory(filepath.Dir(file)), cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return project, nil
}

// checkDevelopment returns what is wrong with the file at path, which is to develop with: Compose could not load it, it
// builds from a folder without a Dockerfile, an image is one that moves, or a port can be reached from other machines, where
// the passwords that everybody knows would let them in.
func checkDevelopment(ctx context.Context, root, path string) []error {
	project, err := loadCompose(ctx, root, path)
	if err != nil {
		return []error{err}
	}
	var faults []error
	for _, service := range project.Services {
		if service.Build != nil {
			if _, err := os.Stat(filepath.Join(service.Build.Context, "Dockerfile")); err != nil {
				faults = append(faults, fmt.Errorf("%s: %s: %w", path, service.Name, err))
			}
		} else if !exactTag.MatchString(service.Image) {
			faults = append(faults, fmt.Errorf("%s: %s must name an exact version, not a tag that moves", path, service.Name))
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				faults = append(faults, fmt.Errorf("%s: port %s of %s can be reached from other machines", path, port.Published, service.Name))
			}
		}
	}
	return faults
}

// exactTag matches the end of an image's name that says which version it is, to the last digit.
var exactTag = regexp.MustCompile(`:v?\d+\.\d+\.?\d*(-[a-z0-9.]+)?$`)

// lacks returns what service should have and doesn't, as ends of a sentence that begins with its name.
func lacks(service types.ServiceConfig) []string {
	var limits *types.Resource
	if service.Deploy != nil {
		limits = service.Deploy.Resources.Limits
	}
	var faults []string
	for what, ok := range map[string]bool{
		"must have a read-only root":                       service.ReadOnly,
		"must drop all capabilities":                       slices.Equal(service.CapDrop, []string{"ALL"}),
		"must not gain privileges":                         slices.Contains(service.SecurityOpt, "no-new-privileges:true"),
		"must be restarted":                                service.Restart == types.RestartPolicyUnlessStopped,
		"must have a limit on memory":                      limits != nil && limits.MemoryBytes > 0,
		"must have a limit on processors":                  limits != nil && limits.NanoCPUs > 0,
		"must have a limit on processes":                   limits != nil && limits.Pids > 0,
		"must have a health check":                         service.HealthCheck != nil || service.Build != nil, // the image has one
		"must name an exact version, not a tag that moves": service.Build != nil || exactTag.MatchString(service.Image),
	} {
		if !ok {
			faults = append(faults, what)
		}
	}
	slices.Sort(faults)
	return faults
}

// made matches where make-secrets.sh makes a secret.
var made = regexp.MustCompile(`(?m)\| keep (\w+)`)

// checkSecretFiles returns the secrets whose files are not among those that make-secrets.sh makes.
func checkSecretFiles(root string, secrets types.Secrets) []error {
	const script = "deploy/compose/make-secrets.sh"
	text, err := fs.ReadFile(os.DirFS(root), script)
	if err != nil {
		return []error{err}
	}
	var files []string
	for _, found := range made.FindAllStringSubmatch(string(text), -1) {
		files = append(files, found[1])
	}
	var faults []error
	for name, secret := range secrets {
		folder, file := filepath.Split(secret.File)
		if !strings.HasSuffix(folder, "deploy/compose/secrets/") || !slices.Contains(files, file) {
			faults = append(faults, fmt.Errorf("compose.yaml: %s makes no file for the secret %s", script, name))
		}
	}
	return faults
}
