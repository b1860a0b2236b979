package wire

import "hash/crc32"

// Arrival is what reached the upstream of a request.
type Arrival struct {
	Authorization string `json:"authorization"`
	Length        int64  `json:"length"`
	Sum           uint32 `json:"sum"` // of the body, see [Sum]
}

// NewArrival returns the Arrival of a request whose body is yet to come.
func NewArrival(h Head) *Arrival {
	return &Arrival{Authorization: string(h.Field("Authorization"))}
}

// Read reads the body.
func (a *Arrival) Read(r *Reader) error {
	return r.Body(func(piece []byte) error {
		a.Length += int64(len(piece))
		a.Sum = crc32.Update(a.Sum, castagnoli, piece)
		return nil
	})
}

// Sum is the checksum that an Arrival has of this body. (CRC-32C costs a processor of today next to nothing.)
func Sum(body []byte) uint32 { return crc32.Checksum(body, castagnoli) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
