package guardrail

// documentContent is a JSON answer. It is held whole.
type documentContent struct {
	r    *reading
	body *lease // nil once it has been given back
}

func newDocumentContent(r *reading) *documentContent {
	return &documentContent{r: r, body: newLease(r.x.budget)}
}

func (c *documentContent) write(p []byte) error {
	r := c.r
	r.holding(r.mode != Observe)
	f := &c.body.filling
	if int64(f.n)+int64(len(p)) > r.maxBody || r.length > r.maxBody {
		return tooLargeResponse("more than Responses.MaxBody")
	}
	for len(p) > 0 {
		space := f.space(f.wanted(r.length, r.maxBody))
		if len(space) == 0 {
			return busy()
		}
		n := copy(space, p)
		f.n += n
		p = p[n:]
	}
	return nil
}

func (c *documentContent) end() error {
	r := c.r
	defer c.close()
	if err := c.judge(); err != nil {
		return err
	}
	r.holding(false)
	if r.mode == Observe {
		return nil
	}
	return r.release(c.body.bytes())
}

func (c *documentContent) judge() error {
	r := c.r
	doc, d := r.x.openDocument(r.rule, c.body.bytes(), c.body)
	if d != nil {
		return unreadableDocument(d)
	}
	r.record.Texts = len(doc.found.items)
	if err := r.opaque(doc.paths(doc.found.opaque)...); err != nil {
		doc.letGo()
		return err
	}
	if r.record.Texts == 0 {
		doc.letGo()
		return nil
	}
	return r.judge(doc, nil, nil)
}

func (c *documentContent) close() {
	if c.body != nil {
		c.body.leave()
		c.body = nil
	}
}
