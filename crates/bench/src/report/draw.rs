//! Charts as SVG documents. The only file that knows the drawing library.

use std::{io, ops::Range};

use plotters::{
    coord::{
        CoordTranslate, Shift,
        ranged1d::{DefaultFormatting, KeyPointHint, KeyPointWeight},
        types::RangedCoordf64,
    },
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    chart::{Chart, Glyph, INK, Mark, Scale},
    text::one_line,
};

type Canvas<'a, Coordinates> = DrawingArea<SVGBackend<'a>, Coordinates>;
type DrawingError = DrawingAreaErrorKind<io::Error>;

const GRID: RGBColor = RGBColor(226, 226, 226);

/// Pixels.
const MARGIN: i32 = 14;
const TITLE: i32 = 24;
const LEGEND: i32 = 52;
const TOP: i32 = 72;
const LINE: i32 = 24;
const PLOT: i32 = 560;
const BOTTOM: i32 = 50;
const TICK: i32 = 5;
const GLYPH: i32 = 22;
const TEXT: f64 = 12.0;
/// A letter of `TEXT` pixels in the widest of the usual monospace fonts.
const LETTER: f64 = 7.4;

impl Chart {
    /// The chart as an SVG document, on white, so that it is as readable on a dark page.
    ///
    /// # Errors
    ///
    /// What the drawing library reports.
    pub(super) fn draw(&self) -> Result<String, io::Error> {
        let mut svg = String::new();
        let size = Layout::of(self).size();
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        self.draw_on(&root).map_err(io::Error::other)?;
        drop(root);
        Ok(svg)
    }

    fn draw_on(&self, root: &Canvas<'_, Shift>) -> Result<(), DrawingError> {
        let layout = Layout::of(self);
        root.fill(&WHITE)?;
        let title = font("sans-serif", 16.0, FontStyle::Bold, HPos::Left);
        write(root, &self.title, &title, (MARGIN, TITLE))?;
        self.draw_legend(root, &layout)?;
        self.draw_texts(root, &layout)?;
        self.draw_plot(root, &layout)?;
        root.present()
    }

    fn draw_legend(&self, root: &Canvas<'_, Shift>, layout: &Layout) -> Result<(), DrawingError> {
        let lines = |pixels: i32| f64::from(pixels) / f64::from(LINE);
        let pixels: Cartesian2d<RangedCoordf64, RangedCoordf64> = Cartesian2d::new(
            0.0..f64::from(layout.width),
            0.0..lines(layout.height),
            (0..layout.width, layout.height..0),
        );
        let area = root.apply_coord_spec(pixels);
        let middle = lines(layout.height - LEGEND);
        let text = font("monospace", TEXT, FontStyle::Normal, HPos::Left);
        let mut x = MARGIN;
        for (glyph, colour, meaning) in &self.legend {
            let end = match glyph {
                Glyph::Dot | Glyph::Edge => x + GLYPH / 2,
                _ => x + GLYPH - 6,
            };
            let mark = Mark::new(*glyph, *colour, f64::from(x), f64::from(end));
            draw_mark(&area, &mark, middle)?;
            write(root, meaning, &text, (x + GLYPH, LEGEND))?;
            x += legend_entry(meaning);
        }
        Ok(())
    }

    fn draw_texts(&self, root: &Canvas<'_, Shift>, layout: &Layout) -> Result<(), DrawingError> {
        let label = font("monospace", TEXT, FontStyle::Normal, HPos::Right);
        let value = font("monospace", TEXT, FontStyle::Normal, HPos::Left);
        let values = layout.left + PLOT + 10;
        let mut y = TOP + LINE / 2;
        for line in &self.lines {
            write(root, &line.label, &label, (layout.left - 8, y))?;
            write(root, &line.value, &value, (values, y))?;
            y += LINE;
        }
        let below = layout.height - BOTTOM + 15;
        write(root, self.values, &value, (values, below))?;
        let axis = font("sans-serif", TEXT, FontStyle::Normal, HPos::Center);
        let bottom = layout.height - MARGIN;
        write(root, &self.axis, &axis, (layout.left + PLOT / 2, bottom))
    }

    /// The frame with its grid, and the marks.
    fn draw_plot(&self, root: &Canvas<'_, Shift>, layout: &Layout) -> Result<(), DrawingError> {
        let marks = self.lines.iter().flat_map(|line| &line.marks);
        let axis = Axis {
            scale: self.scale,
            range: self
                .scale
                .range(marks.flat_map(|mark| [mark.from, mark.to])),
        };
        let start = axis.range.start;
        let right = layout.width - layout.left - PLOT;
        let mut chart = ChartBuilder::on(root)
            .margin_left(layout.left)
            .margin_right(right)
            .margin_top(TOP)
            .x_label_area_size(BOTTOM)
            .build_cartesian_2d(axis, 0.0..as_f64(self.lines.len()))?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .set_all_tick_mark_size(TICK)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .x_label_style(font("monospace", TEXT, FontStyle::Normal, HPos::Center))
            .x_label_formatter(&|place| (self.tick)(*place))
            .draw()?;
        let area = chart.plotting_area();
        for (line, above) in self.lines.iter().rev().zip(0_u32..) {
            for mark in line.marks.iter().filter(|mark| mark.to.is_finite()) {
                let mark = Mark {
                    from: mark.from.max(start),
                    to: mark.to.max(start),
                    ..*mark
                };
                draw_mark(area, &mark, f64::from(above) + 0.5)?;
            }
        }
        Ok(())
    }
}

/// The axis of a chart, with ticks at round places.
struct Axis {
    scale: Scale,
    range: Range<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (left, right): (i32, i32)) -> i32 {
        let Range { start, end } = self.range;
        let part = match self.scale {
            Scale::Linear => (value - start) / (end - start),
            Scale::Log => (value / start).ln() / (end / start).ln(),
        };
        left + pixel((f64::from(right - left) * part).round())
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight() {
            KeyPointWeight::Bold => self.scale.ticks(&self.range),
            KeyPointWeight::Any => Vec::new(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// Where things are, in pixels.
struct Layout {
    width: i32,
    height: i32,
    /// Left edge of the plot.
    left: i32,
}

impl Layout {
    fn of(chart: &Chart) -> Self {
        let widest = |text: fn(&super::chart::Line) -> &str| {
            let texts = chart.lines.iter().map(text).map(text_width);
            texts.max().unwrap_or(0)
        };
        let left = MARGIN + widest(|line| &line.label) + 8;
        let values = widest(|line| &line.value).max(text_width(chart.values));
        let columns = left + PLOT + 10 + values + MARGIN;
        let legend = chart.legend.iter().map(|(_, _, text)| legend_entry(text));
        let title = pixel(as_f64(chart.title.chars().count()) * 10.5);
        Self {
            width: columns
                .max(MARGIN + legend.sum::<i32>())
                .max(title + 2 * MARGIN),
            height: TOP + BOTTOM + LINE * pixel(as_f64(chart.lines.len())),
            left,
        }
    }

    fn size(&self) -> (u32, u32) {
        (self.width.unsigned_abs(), self.height.unsigned_abs())
    }
}

/// Draws a shape around the height `y`, counted in lines from below.
fn draw_mark<C>(area: &Canvas<'_, C>, mark: &Mark, y: f64) -> Result<(), DrawingError>
where
    C: CoordTranslate<From = (f64, f64)>,
{
    let Mark {
        colour, from, to, ..
    } = *mark;
    let bar = |below: f64, above: f64| {
        Rectangle::new([(from, y - below), (to, y + above)], colour.filled())
    };
    let edge = |at: f64, half: f64, width| {
        PathElement::new([(at, y - half), (at, y + half)], colour.stroke_width(width))
    };
    match mark.glyph {
        Glyph::Bar => area.draw(&bar(0.27, 0.27)),
        Glyph::ThinBar => area.draw(&bar(0.12, 0.12)),
        Glyph::Whisker => {
            area.draw(&PathElement::new(
                [(from, y), (to, y)],
                colour.stroke_width(1),
            ))?;
            area.draw(&edge(from, 0.14, 1))?;
            area.draw(&edge(to, 0.14, 1))
        }
        Glyph::Dot => area.draw(&Circle::new((to, y), 4, colour.filled())),
        Glyph::UpperBar => area.draw(&bar(-0.02, 0.32)),
        Glyph::LowerBar => area.draw(&bar(0.32, -0.02)),
        Glyph::Edge => area.draw(&edge(to, 0.4, 3)),
    }
}

/// Draws text as it is: spaces, which SVG would put together, keep columns apart.
fn write(
    root: &Canvas<'_, Shift>,
    text: &str,
    style: &TextStyle<'_>,
    place: (i32, i32),
) -> Result<(), DrawingError> {
    root.draw_text(&one_line(text).replace(' ', "\u{a0}"), style, place)
}

fn font(family: &'static str, size: f64, style: FontStyle, across: HPos) -> TextStyle<'static> {
    /// The library gives a font of one pixel's size 1/1.24 pixels in SVG.
    const POINTS: f64 = 1.24;
    TextStyle::from((family, size * POINTS, style).into_font())
        .color(&INK)
        .pos(Pos::new(across, VPos::Center))
}

fn legend_entry(meaning: &str) -> i32 {
    GLYPH + text_width(meaning) + 20
}

fn text_width(text: &str) -> i32 {
    pixel(as_f64(text.chars().count()) * LETTER)
}

/// Counts of letters and lines, which are small.
fn as_f64(count: usize) -> f64 {
    f64::from(u16::try_from(count).unwrap_or(u16::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a length on a canvas, rounded up"
)]
fn pixel(length: f64) -> i32 {
    length.ceil() as i32
}
