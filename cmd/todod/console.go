package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// A console is where a person or a script answers what a command asks.
type console struct {
	in      io.Reader // a terminal if it is a file that is one
	prompts io.Writer // where it is asked, if in is a terminal
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 4096

// terminal returns the descriptor of the terminal that answers come from, if they come from one.
func (c console) terminal() (fd int, ok bool) {
	f, isFile := c.in.(*os.File)
	if !isFile {
		return 0, false
	}
	return int(f.Fd()), term.IsTerminal(int(f.Fd()))
}

// line asks and returns the line that comes, without its end. The end of the input is an empty line.
func (c console) line(ctx context.Context, prompt string) (string, error) {
	if _, ok := c.terminal(); ok {
		if _, err := io.WriteString(c.prompts, prompt); err != nil {
			return "", err
		}
	}
	return await(ctx, func() (string, error) {
		line, err := bufio.NewReader(io.LimitReader(c.in, maxAnswer)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read standard input: %w", err)
		}
		return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
	})
}

// newPassword returns a password: typed twice, unseen, on a terminal, else the first line.
func (c console) newPassword(ctx context.Context) (string, error) {
	fd, ok := c.terminal()
	if !ok {
		return c.line(ctx, "")
	}
	first, err := c.secret(ctx, fd, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := c.secret(ctx, fd, "Again: ")
	if err == nil && first != second {
		err = errors.New("the two passwords differ")
	}
	return first, err
}

// password returns a password: typed once, unseen, on a terminal, else the first line.
func (c console) password(ctx context.Context) (string, error) {
	if fd, ok := c.terminal(); ok {
		return c.secret(ctx, fd, "Password: ")
	}
	return c.line(ctx, "")
}

// secret asks for a line that the terminal doesn't show. The terminal is as it was afterwards, even when ctx ends before
// there is an answer.
func (c console) secret(ctx context.Context, fd int, prompt string) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("the terminal: %w", err)
	}
	if _, err := io.WriteString(c.prompts, prompt); err != nil {
		return "", err
	}
	answer, err := await(ctx, func() (string, error) {
		typed, err := term.ReadPassword(fd)
		return string(typed), err
	})
	_, _ = io.WriteString(c.prompts, "\n") // the one that was typed wasn't shown either
	return answer, errors.Join(err, term.Restore(fd, before))
}

// await returns what read returns, or ctx's error if that comes first; then read goes on until its input or the program
// ends.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
