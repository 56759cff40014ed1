//! Charts as SVG documents. The only file that knows the drawing library.

use std::ops::Range;

use svg::node::Value;
use svg::node::element::{Circle, Line, Rectangle, Text};
use svg::{Document, Node};

use super::chart::{self, Chart, Colour, Glyph, INK, Mark, Scale};
use super::text::one_line;

const WHITE: Colour = "#ffffff";
const GRID: Colour = "#e2e2e2";

/// Pixels.
const MARGIN: f64 = 14.0;
const TITLE: f64 = 24.0;
const LEGEND: f64 = 52.0;
const TOP: f64 = 72.0;
const LINE: f64 = 24.0;
const PLOT: f64 = 560.0;
const BOTTOM: f64 = 50.0;
const TICK: f64 = 5.0;
const GLYPH: f64 = 22.0;
const TEXT: f64 = 12.0;
/// A letter of `TEXT` pixels in the widest of the usual monospace fonts.
const LETTER: f64 = 7.4;

impl Chart {
    /// The chart as an SVG document, on white, so that it is as readable on a dark page.
    pub(super) fn draw(&self) -> String {
        let layout = Layout::of(self);
        let (width, height) = (layout.width, layout.height);
        let mut canvas = Canvas(Document::new().set("width", width).set("height", height));
        canvas.rect(0.0..width, 0.0..height, WHITE);
        let title = Font {
            family: "sans-serif",
            size: 16.0,
            anchor: "start",
        };
        canvas.text(&self.title, title, MARGIN, TITLE);
        self.draw_legend(&mut canvas);
        self.draw_texts(&mut canvas, &layout);
        self.draw_axis(&mut canvas, &layout);
        for (line, index) in self.lines.iter().zip(0_u32..) {
            let y = TOP + LINE * (f64::from(index) + 0.5);
            for mark in line.marks.iter().filter(|mark| mark.to.is_finite()) {
                canvas.mark(mark, layout.x(mark.from), layout.x(mark.to), y);
            }
        }
        canvas.0.to_string()
    }

    fn draw_legend(&self, canvas: &mut Canvas) {
        let mut x = MARGIN;
        for (glyph, colour, meaning) in &self.legend {
            let end = match glyph {
                Glyph::Dot | Glyph::Edge => x + GLYPH / 2.0,
                _ => x + GLYPH - 6.0,
            };
            let mark = Mark::new(*glyph, colour, x, end);
            canvas.mark(&mark, x, end, LEGEND);
            canvas.text(meaning, Font::mono("start"), x + GLYPH, LEGEND);
            x += legend_entry(meaning);
        }
    }

    fn draw_texts(&self, canvas: &mut Canvas, layout: &Layout) {
        let values = layout.left + PLOT + 10.0;
        let mut y = TOP + LINE / 2.0;
        for line in &self.lines {
            canvas.text(&line.label, Font::mono("end"), layout.left - 8.0, y);
            canvas.text(&line.value, Font::mono("start"), values, y);
            y += LINE;
        }
        let bottom = layout.height - BOTTOM;
        canvas.text(self.values, Font::mono("start"), values, bottom + 15.0);
        let axis = Font {
            family: "sans-serif",
            ..Font::mono("middle")
        };
        let middle = layout.left + PLOT / 2.0;
        canvas.text(&self.axis, axis, middle, layout.height - MARGIN);
    }

    fn draw_axis(&self, canvas: &mut Canvas, layout: &Layout) {
        let bottom = layout.height - BOTTOM;
        for place in self.scale.ticks(&layout.range) {
            let x = layout.x(place);
            canvas.line([x, TOP], [x, bottom], GRID, 1.0);
            canvas.line([x, bottom], [x, bottom + TICK], INK, 1.0);
            canvas.text(&(self.tick)(place), Font::mono("middle"), x, bottom + 15.0);
        }
        canvas.line([layout.left, TOP], [layout.left, bottom], INK, 1.0);
        let right = layout.left + PLOT;
        canvas.line([layout.left, bottom], [right, bottom], INK, 1.0);
    }
}

/// Where things are, in pixels.
struct Layout {
    width: f64,
    height: f64,
    /// Left edge of the plot.
    left: f64,
    scale: Scale,
    /// What the axis shows.
    range: Range<f64>,
}

impl Layout {
    fn of(chart: &Chart) -> Self {
        let widest = |text: fn(&chart::Line) -> &str| {
            let texts = chart.lines.iter().map(text).map(text_width);
            texts.fold(0.0, f64::max)
        };
        let left = MARGIN + widest(|line| &line.label) + 8.0;
        let values = widest(|line| &line.value).max(text_width(chart.values));
        let columns = left + PLOT + 10.0 + values + MARGIN;
        let legend = chart.legend.iter().map(|(_, _, text)| legend_entry(text));
        let title = as_f64(chart.title.chars().count()) * 10.5;
        let marks = chart.lines.iter().flat_map(|line| &line.marks);
        Self {
            width: columns
                .max(MARGIN + legend.sum::<f64>())
                .max(title + 2.0 * MARGIN)
                .ceil(),
            height: TOP + BOTTOM + LINE * as_f64(chart.lines.len()),
            left,
            scale: chart.scale,
            range: chart
                .scale
                .range(marks.flat_map(|mark| [mark.from, mark.to])),
        }
    }

    /// Where a value is on the axis; what lies before it is at its start.
    fn x(&self, value: f64) -> f64 {
        let Range { start, end } = self.range;
        let value = value.max(start);
        let part = match self.scale {
            Scale::Linear => (value - start) / (end - start),
            Scale::Log => (value / start).ln() / (end / start).ln(),
        };
        self.left + PLOT * part
    }
}

/// How text looks.
#[derive(Clone, Copy)]
struct Font {
    family: &'static str,
    size: f64,
    /// Which end of the text is where it is put: `start`, `middle` or `end`.
    anchor: &'static str,
}

impl Font {
    const fn mono(anchor: &'static str) -> Self {
        Self {
            family: "monospace",
            size: TEXT,
            anchor,
        }
    }
}

/// What is drawn on.
struct Canvas(Document);

impl Canvas {
    fn rect(&mut self, x: Range<f64>, y: Range<f64>, colour: Colour) {
        let rectangle = Rectangle::new()
            .set("x", pixels(x.start))
            .set("y", pixels(y.start))
            .set("width", pixels(x.end - x.start))
            .set("height", pixels(y.end - y.start));
        self.0.append(rectangle.set("fill", colour));
    }

    fn line(&mut self, from: [f64; 2], to: [f64; 2], colour: Colour, width: f64) {
        let line = Line::new()
            .set("x1", pixels(from[0]))
            .set("y1", pixels(from[1]))
            .set("x2", pixels(to[0]))
            .set("y2", pixels(to[1]));
        self.0
            .append(line.set("stroke", colour).set("stroke-width", width));
    }

    /// Draws text as it is: spaces, which SVG would put together, keep columns apart.
    fn text(&mut self, text: &str, font: Font, x: f64, y: f64) {
        let text = Text::new(one_line(text).replace(' ', "\u{a0}"))
            .set("x", pixels(x))
            .set("y", pixels(y))
            .set("dominant-baseline", "central")
            .set("text-anchor", font.anchor)
            .set("font-family", font.family)
            .set("font-size", font.size);
        self.0.append(text.set("fill", INK));
    }

    /// Draws a shape from one place to another, around the height `y`.
    fn mark(&mut self, mark: &Mark, from: f64, to: f64, y: f64) {
        let colour = mark.colour;
        let mut bar = |above: f64, below: f64| {
            self.rect(from..to, y - LINE * above..y + LINE * below, colour);
        };
        match mark.glyph {
            Glyph::Bar => bar(0.27, 0.27),
            Glyph::ThinBar => bar(0.12, 0.12),
            Glyph::UpperBar => bar(0.32, -0.02),
            Glyph::LowerBar => bar(-0.02, 0.32),
            Glyph::Whisker => {
                self.line([from, y], [to, y], colour, 1.0);
                self.edge(from, y, 0.14, colour, 1.0);
                self.edge(to, y, 0.14, colour, 1.0);
            }
            Glyph::Edge => self.edge(to, y, 0.4, colour, 3.0),
            Glyph::Dot => {
                let circle = Circle::new().set("cx", pixels(to)).set("cy", pixels(y));
                self.0.append(circle.set("r", 4).set("fill", colour));
            }
        }
    }

    /// An upright line, `half` a line high on either side of `y`.
    fn edge(&mut self, x: f64, y: f64, half: f64, colour: Colour, width: f64) {
        let half = LINE * half;
        self.line([x, y - half], [x, y + half], colour, width);
    }
}

/// A length, to a tenth of a pixel.
fn pixels(length: f64) -> Value {
    ((length * 10.0).round() / 10.0).into()
}

fn legend_entry(meaning: &str) -> f64 {
    GLYPH + text_width(meaning) + 20.0
}

fn text_width(text: &str) -> f64 {
    as_f64(text.chars().count()) * LETTER
}

/// Counts of letters and lines, which are small.
fn as_f64(count: usize) -> f64 {
    f64::from(u16::try_from(count).unwrap_or(u16::MAX))
}
