//! Drawing: the parts that several figures are made of.
//!
//! Everything is placed on a grid of tenths, so that equal runs leave equal bytes. Colours are classes of the page's style sheet,
//! which knows both themes. **Text from a table goes into text nodes alone**: those are escaped in full, attributes are not
//! (a quote would end them).

use svg::node::element::{Element, Group, Line, Path, Rectangle, SVG, Text as Label, Title};
use svg::{Document, Node};

use super::text::shown;

/// A picture as it stands in the page. Made here alone, so that nothing unescaped is taken for one.
#[derive(Debug, Clone)]
pub(super) struct Picture(String);

impl std::fmt::Display for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A drawing of that size in its own units, which `says` describes to those who do not see it.
pub(super) struct Canvas(SVG);

impl Canvas {
    pub(super) fn new(class: &'static str, width: f64, height: f64, says: &str) -> Self {
        let drawing = Document::new()
            .set("class", class)
            .set("role", "img")
            .set("viewBox", format!("0 0 {} {}", tenths(width), tenths(height)))
            .add(Title::new(shown(says)));
        Self(drawing)
    }

    /// The same at its natural size, however narrow the page: it is scrolled, not shrunk.
    pub(super) fn fixed(class: &'static str, width: f64, height: f64, says: &str) -> Self {
        let Canvas(drawing) = Self::new(class, width, height, says);
        Self(drawing.set("width", tenths(width)).set("height", tenths(height)))
    }

    pub(super) fn add(&mut self, node: impl Into<Box<dyn Node>>) {
        self.0.append(node);
    }

    pub(super) fn done(self) -> Picture {
        Picture(self.0.to_string())
    }
}

/// A coordinate.
pub(super) fn tenths(x: f64) -> f64 {
    // Minus zero is zero.
    (x * 10.0).round() / 10.0 + 0.0
}

pub(super) fn rectangle(class: &str, [x, y]: [f64; 2], [width, height]: [f64; 2]) -> Rectangle {
    let rectangle = Rectangle::new().set("class", class).set("x", tenths(x)).set("y", tenths(y));
    rectangle.set("width", tenths(width.max(0.0))).set("height", tenths(height.max(0.0)))
}

pub(super) fn line(class: &str, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) -> Line {
    let line = Line::new().set("class", class).set("x1", tenths(x1)).set("y1", tenths(y1));
    line.set("x2", tenths(x2)).set("y2", tenths(y2))
}

/// Text at a point; `anchor` is `start`, `middle` or `end`.
pub(super) fn label(class: &str, anchor: &'static str, [x, y]: [f64; 2], text: &str) -> Label {
    let label = Label::new(shown(text)).set("class", class).set("x", tenths(x)).set("y", tenths(y));
    label.set("text-anchor", anchor)
}

/// A line through points.
pub(super) fn polyline(class: &str, points: &[[f64; 2]]) -> Path {
    let mut d = String::new();
    for (i, [x, y]) in points.iter().enumerate() {
        d.push_str(&format!("{}{} {}", if i == 0 { "M" } else { "L" }, tenths(*x), tenths(*y)));
    }
    Path::new().set("class", class).set("d", d)
}

/// Many rectangles in one: what has one colour is one element, so that a map of thousands of cells stays small.
pub(super) struct Cells(Vec<(&'static str, String)>);

impl Cells {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn push(&mut self, class: &'static str, [x, y]: [f64; 2], [width, height]: [f64; 2]) {
        let [x, y, width, height] = [x, y, width, height].map(tenths);
        let d = format!("M{x} {y}h{width}v{height}h-{width}z");
        match self.0.iter_mut().find(|(known, _)| *known == class) {
            Some((_, path)) => path.push_str(&d),
            None => self.0.push((class, d)),
        }
    }

    /// The rectangles; those of a class that starts with `n` hatched too, so that their sign shows without colour.
    pub(super) fn done(mut self) -> Group {
        self.0.sort_by_key(|(class, _)| *class);
        self.0.into_iter().fold(Group::new(), |group, (class, d)| {
            let group = group.add(Path::new().set("class", class).set("d", d.as_str()));
            match class.starts_with('n') {
                true => group.add(Path::new().set("fill", "url(#hatch)").set("d", d)),
                false => group,
            }
        })
    }
}

/// The pattern that [`Cells`] hatches with; once a page.
pub(super) fn patterns() -> Picture {
    let stripe = Path::new().set("class", "stripe").set("d", "M0 4L4 0M-1 1L1 -1M3 5L5 3");
    let mut pattern = Element::new("pattern");
    for (name, value) in [("id", "hatch"), ("width", "4"), ("height", "4"), ("patternUnits", "userSpaceOnUse")] {
        pattern.assign(name, value);
    }
    pattern.append(stripe);
    let drawing = Document::new().set("class", "patterns").set("width", 0).set("height", 0).set("aria-hidden", "true");
    Picture(drawing.add(pattern).to_string())
}

/// The class of a strength in [0, 1].
pub(super) fn strength_class(strength: f64) -> &'static str {
    ["a0", "a1", "a2", "a3", "a4", "a5", "a6"]
        [[0.05, 0.1, 0.2, 0.35, 0.5, 0.75].partition_point(|&edge| edge <= strength)]
}

/// The class of a difference, by its size and its sign.
pub(super) fn difference_class(difference: f64, edges: [f64; 4]) -> &'static str {
    let size = edges.partition_point(|&edge| edge <= difference.abs());
    if difference < 0.0 { ["z0", "n1", "n2", "n3", "n4"][size] } else { ["z0", "p1", "p2", "p3", "p4"][size] }
}

/// Boxes of colour with what they stand for.
pub(super) fn legend(entries: &[(&'static str, String)], says: &str) -> Picture {
    let width = |text: &str| 26.0 + 6.2 * text.chars().count() as f64;
    let total: f64 = entries.iter().map(|(_, text)| width(text)).sum();
    let mut canvas = Canvas::fixed("legend", total, 16.0, says);
    let mut x = 0.0;
    for (class, text) in entries {
        let mut cells = Cells::new();
        cells.push(class, [x, 2.0], [12.0, 12.0]);
        canvas.add(cells.done());
        canvas.add(label("t", "start", [x + 16.0, 12.0], text));
        x += width(text);
    }
    canvas.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_one_colour_are_one_element_and_negative_ones_are_hatched() {
        let mut cells = Cells::new();
        for i in 0..50 {
            cells.push(if i % 2 == 0 { "p1" } else { "n1" }, [f64::from(i), 0.0], [1.0, 1.0]);
        }
        let drawn = cells.done().to_string();
        assert_eq!(drawn.matches("<path").count(), 3);
        assert_eq!(drawn.matches("url(#hatch)").count(), 1);
    }

    #[test]
    fn classes_go_by_size_and_sign() {
        assert_eq!([0.0, 0.05, 0.74, 1.0].map(strength_class), ["a0", "a1", "a5", "a6"]);
        let of = |difference| difference_class(difference, [0.05, 0.1, 0.2, 0.35]);
        assert_eq!([-1.0, -0.05, -0.01, 0.0, 0.1, 0.4].map(of), ["n4", "n1", "z0", "z0", "p2", "p4"]);
    }

    #[test]
    fn what_a_picture_says_is_text() {
        let says = "a \"b\" </title><script>";
        let drawn = Canvas::new("chart", 10.0, 10.0, says).done().to_string();
        assert!(drawn.contains("a \"b\" &lt;/title&gt;&lt;script&gt;") && !drawn.contains("<script>"), "{drawn}");
    }
}
