//! Rectangles of a map, and how the places of a layer's output look at its input.

/// Rows top..bottom, columns left..right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
}

impl Rect {
    pub fn pixel(row: usize, column: usize) -> Self {
        Rect { top: row, bottom: row + 1, left: column, right: column + 1 }
    }

    pub fn whole([height, width]: [usize; 2]) -> Self {
        Rect { top: 0, bottom: height, left: 0, right: width }
    }

    pub fn rows(&self) -> usize {
        self.bottom.saturating_sub(self.top)
    }

    pub fn columns(&self) -> usize {
        self.right.saturating_sub(self.left)
    }

    pub fn is_empty(&self) -> bool {
        self.rows() * self.columns() == 0
    }

    /// Row and column of every place, row by row.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (left, right) = (self.left, self.right);
        (self.top..self.bottom).flat_map(move |row| (left..right).map(move |column| (row, column)))
    }

    /// The number of a place, counted row by row; `None` outside.
    pub fn index(&self, row: usize, column: usize) -> Option<usize> {
        let inside = (self.top..self.bottom).contains(&row) && (self.left..self.right).contains(&column);
        inside.then(|| (row - self.top) * self.columns() + column - self.left)
    }
}

/// How the places of a layer's output look at its input.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub size: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
}

impl Window {
    /// The places that see something of `rect`.
    pub fn reached(&self, rect: &Rect) -> Rect {
        let span = |low: usize, high: usize, d: usize| {
            let reach = (self.size[d] - 1) * self.dilation[d];
            let first = (low + self.padding[d]).saturating_sub(reach).div_ceil(self.stride[d]);
            let last = (high - 1 + self.padding[d]) / self.stride[d] + 1;
            (first.min(self.output[d]), last.min(self.output[d]))
        };
        let ((top, bottom), (left, right)) = (span(rect.top, rect.bottom, 0), span(rect.left, rect.right, 1));
        Rect { top, bottom: bottom.max(top), left, right: right.max(left) }
    }

    /// Row and column of every place of the kernel, with its number.
    pub fn kernel_places(&self) -> impl Iterator<Item = (usize, (usize, usize))> + use<> {
        Rect::whole(self.size).places().enumerate()
    }

    /// The output place that sees input place `at` through kernel place `k`, along dimension `d`.
    fn seen_from(&self, at: usize, k: usize, d: usize) -> Option<usize> {
        let place = (at + self.padding[d]).checked_sub(k * self.dilation[d])?;
        let output = place / self.stride[d];
        (place % self.stride[d] == 0 && output < self.output[d]).then_some(output)
    }

    /// Where in a map of `input` the output place (row, column) looks through kernel place (y, x).
    pub fn looks_at(&self, [row, column]: [usize; 2], [y, x]: [usize; 2]) -> Option<(usize, usize)> {
        let at = |o: usize, k: usize, d: usize| (o * self.stride[d] + k * self.dilation[d]).checked_sub(self.padding[d]);
        Some((at(row, y, 0)?, at(column, x, 1)?))
    }

    /// The output place that looks at the input place (row, column) through kernel place (y, x).
    pub fn looked_at_from(&self, [row, column]: [usize; 2], [y, x]: [usize; 2]) -> Option<(usize, usize)> {
        Some((self.seen_from(row, y, 0)?, self.seen_from(column, x, 1)?))
    }
}
