//! Where boxes and lines of a graph go when its shape is not known before. The layout engine stands
//! behind a trait, so that it can be replaced.

use ascii_dag::graph::{Direction, Graph};
use ascii_dag::ir::{EdgePath, LayoutEdge};
use ascii_dag::render::engine::CustomNode;
use ascii_dag::{LayoutConfig, NodeId};
use ratatui::layout::Rect;

use crate::tui::maps::canvas::cells_of;

/// A graph that was laid out from left to right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Laid {
    pub(super) width: u16,
    pub(super) height: u16,
    /// One area a node, in the order given.
    pub(super) nodes: Vec<Rect>,
    /// Corners of one line an edge, in the order given, from frame to frame.
    pub(super) edges: Vec<Vec<(u16, u16)>>,
}

impl Laid {
    /// Whether every line can be followed: from frame to frame, through no box.
    pub(super) fn can_be_read(&self, edges: &[(usize, usize)]) -> bool {
        let on = |area: &Rect, (x, y): (u16, u16)| {
            x >= area.left() && x < area.right() && y >= area.top() && y < area.bottom()
        };
        edges.iter().zip(&self.edges).all(|((from, to), corners)| {
            let cells = cells_of(corners);
            let [first, inner @ .., last] = cells.as_slice() else {
                return false;
            };
            on(&self.nodes[*from], *first)
                && on(&self.nodes[*to], *last)
                && !inner.is_empty()
                && !inner
                    .iter()
                    .any(|cell| self.nodes.iter().any(|node| on(node, *cell)))
        })
    }
}

/// Lays graphs out.
pub(super) trait GraphLayout {
    /// Lays out boxes of the given sizes; edges are pairs of places in `sizes`. None when it
    /// cannot, or not readably.
    fn lay(&self, sizes: &[(u16, u16)], edges: &[(usize, usize)]) -> Option<Laid>;
}

/// By levels, with few crossings.
#[derive(Debug, Clone, Copy)]
pub(super) struct DagLayout;

impl GraphLayout for DagLayout {
    fn lay(&self, sizes: &[(u16, u16)], edges: &[(usize, usize)]) -> Option<Laid> {
        let mut graph = Graph::with_mode(ascii_dag::RenderMode::Auto);
        graph.set_direction(Direction::LeftRight);
        for (id, (width, height)) in sizes.iter().enumerate() {
            let (width, height) = (usize::from(*width), usize::from(*height));
            graph.add_node(
                id,
                CustomNode {
                    label: "step",
                    width,
                    height,
                    painter: None,
                    payload: "",
                },
            );
        }
        for (from, to) in edges {
            graph.add_edge(NodeId::from(*from), NodeId::from(*to), None);
        }
        let mut config = LayoutConfig::quality();
        config.direction = Direction::LeftRight;
        config.node_spacing = 1;
        let ir = graph.compute_layout_with_config(&config);
        let small = |n: usize| u16::try_from(n).ok();
        let mut nodes = Vec::with_capacity(sizes.len());
        for id in 0..sizes.len() {
            let node = ir.node_by_id(id)?;
            nodes.push(Rect {
                x: small(node.x)?,
                y: small(node.y)?,
                width: small(node.width)?,
                height: small(node.height)?,
            });
        }
        let mut lines = Vec::with_capacity(edges.len());
        for (from, to) in edges {
            let edge = ir
                .edges()
                .iter()
                .find(|edge| edge.from_id == *from && edge.to_id == *to)?;
            let corners = corners(edge)?
                .into_iter()
                .map(|(x, y)| Some((small(x)?, small(y)?)));
            lines.push(corners.collect::<Option<Vec<_>>>()?);
        }
        let laid = Laid {
            width: small(ir.width())?,
            height: small(ir.height())?,
            nodes,
            edges: lines,
        };
        laid.can_be_read(edges).then_some(laid)
    }
}

/// The corners of an edge that flows to the right.
fn corners(edge: &LayoutEdge<'_>) -> Option<Vec<(usize, usize)>> {
    let (from, to) = ((edge.from_x, edge.from_y), (edge.to_x, edge.to_y));
    let mut out = vec![from];
    match &edge.path {
        EdgePath::Direct => {}
        EdgePath::Corner { bend_at } => out.extend([(*bend_at, from.1), (*bend_at, to.1)]),
        EdgePath::MultiSegment {
            waypoints,
            start_offset,
        } => {
            let mut at = from;
            for (n, next) in waypoints.iter().chain([&to]).enumerate() {
                if at.1 != next.1 {
                    let bend = at.0 + 1 + if n == 0 { *start_offset } else { 0 };
                    out.extend([(bend, at.1), (bend, next.1)]);
                }
                out.push(*next);
                at = *next;
            }
        }
        _ => return None,
    }
    out.push(to);
    out.dedup();
    out.windows(2)
        .all(|pair| pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1)
        .then_some(out)
}
