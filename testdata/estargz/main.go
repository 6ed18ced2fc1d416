// What the library of the format says of an eStargz layer: `estargz BLOB TABLE-DIGEST`. Opens the
// layer, verifies its table of contents, reads every file by its table and compares each chunk with
// the digest that the table has of it. Prints the names of the files, and how many chunks each has.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"path"

	"github.com/containerd/stargz-snapshotter/estargz"
	digest "github.com/opencontainers/go-digest"
)

type judge struct {
	layer    *estargz.Reader
	verifier estargz.TOCEntryVerifier
}

// The chunk at `offset` of a file; returns how long it is.
func (j *judge) checkChunk(name string, content io.ReaderAt, offset int64) (int64, error) {
	chunk, ok := j.layer.ChunkEntryForOffset(name, offset)
	if !ok {
		return 0, fmt.Errorf("%s: no chunk at %d", name, offset)
	}
	if chunk.ChunkOffset != offset || chunk.ChunkSize <= 0 {
		return 0, fmt.Errorf("%s: the chunk at %d is said to be at %d and to have %d bytes", name, offset,
			chunk.ChunkOffset, chunk.ChunkSize)
	}
	verifier, err := j.verifier.Verifier(chunk)
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(verifier, io.NewSectionReader(content, offset, chunk.ChunkSize)); err != nil {
		return 0, fmt.Errorf("%s at %d: %w", name, offset, err)
	}
	if !verifier.Verified() {
		return 0, fmt.Errorf("%s at %d: not what the table's digest says", name, offset)
	}
	return chunk.ChunkSize, nil
}

func (j *judge) checkFile(name string, entry *estargz.TOCEntry) error {
	content, err := j.layer.OpenFile(name)
	if err != nil {
		return err
	}
	count := 0
	for offset := int64(0); offset < entry.Size; count++ {
		size, err := j.checkChunk(name, content, offset)
		if err != nil {
			return err
		}
		offset += size
	}
	if entry.Digest != "" {
		whole, err := digest.FromReader(io.NewSectionReader(content, 0, entry.Size))
		if err != nil || whole.String() != entry.Digest {
			return fmt.Errorf("%s: has the digest %s, the table says %s (%v)", name, whole, entry.Digest, err)
		}
	}
	fmt.Printf("%d %d %s\n", count, entry.Size, name)
	return nil
}

func (j *judge) checkFolder(name string, entry *estargz.TOCEntry) (err error) {
	entry.ForeachChild(func(base string, child *estargz.TOCEntry) bool {
		below := path.Join(name, base)
		switch child.Type {
		case "dir":
			err = j.checkFolder(below, child)
		case "reg":
			err = j.checkFile(below, child)
		}
		return err == nil
	})
	return err
}

func check(blob, table string) error {
	file, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	layer, err := estargz.Open(io.NewSectionReader(file, 0, info.Size()))
	if err != nil {
		return err
	}
	verifier, err := layer.VerifyTOC(digest.Digest(table))
	if err != nil {
		return err
	}
	root, ok := layer.Lookup("")
	if !ok {
		return fmt.Errorf("the table has no root")
	}
	return (&judge{layer, verifier}).checkFolder("", root)
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: estargz BLOB TABLE-DIGEST")
	}
	if err := check(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}
