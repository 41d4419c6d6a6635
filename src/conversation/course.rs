//! How a life situation shows over the turns of a conversation: evidence adds up, and what was once said is not forgotten.

use crate::domain::{Assessment, Occasion, Sign, Signal, Situation, SituationGroup};
use serde::{Deserialize, Serialize};

/// What is remembered of the citizen's situation. Holds no words of theirs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// The signals seen so far, each once.
    pub signals: Vec<Signal>,
    /// How many of them are difficulties that last.
    pub lasting_n: u8,
    /// How far the messages so far looked like a supported life situation, 0 to 1; fades from turn to turn.
    pub supported: f32,
    /// How far they looked like a change in life, 0 to 1; fades likewise.
    pub changing: f32,
    /// How far they looked like an employer's matter, 0 to 1; fades likewise.
    pub employer: f32,
    /// For what a person was called in already.
    pub called_for: Vec<Occasion>,
}

/// How much of the earlier turns' evidence is left at the next turn.
const KEPT: f32 = 0.85;
/// Signals of a conversation that are remembered: more than there are kinds.
const SIGNALS_MAX: usize = 64;

/// How many numbers decide about each of the two situations that need a person.
pub const EVIDENCE_N: usize = 9;
/// Their names in the calibration.
pub const EVIDENCE: [&str; EVIDENCE_N] = [
    "model",
    "lasting",
    "duration",
    "authorities",
    "danger",
    "today",
    "professional",
    "school-or-statistics",
    "figure-of-speech",
];
/// Signals of danger at once.
const DANGERS: [&str; 8] =
    ["self-harm", "violence", "child-danger", "means", "no-food", "no-medicine", "eviction", "despair"];

/// The weights by which evidence becomes a probability, and from which probability a person is called in: fitted on held-out messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// For a supported situation: one weight for each of [`EVIDENCE`], then the intercept.
    pub supported: [f32; EVIDENCE_N + 1],
    /// For a crisis, likewise.
    pub crisis: [f32; EVIDENCE_N + 1],
    /// From this probability on it is a supported situation.
    pub supported_from: f32,
    /// From this probability on it is a crisis.
    pub crisis_from: f32,
}

impl Default for Weights {
    /// The model as it is, with thresholds that refuse what is not likelier than not.
    fn default() -> Self {
        let mut even = [0.0; EVIDENCE_N + 1];
        if let Some(model) = even.first_mut() {
            *model = 1.0;
        }
        Self { supported: even, crisis: even, supported_from: 0.5, crisis_from: 0.5 }
    }
}

impl Course {
    /// Takes in what a message shows, and says what the conversation shows now.
    pub fn take(&mut self, assessment: &Assessment, weights: &Weights) -> Situation {
        let fresh: Vec<&Sign> = assessment.signals.iter().filter(|sign| !self.signals.contains(&sign.signal)).collect();
        for sign in fresh {
            if self.signals.len() < SIGNALS_MAX {
                self.lasting_n = self.lasting_n.saturating_add(u8::from(sign.lasting));
                self.signals.push(sign.signal.clone());
            }
        }
        self.supported = (self.supported * KEPT).max(share(assessment, SituationGroup::Supported));
        let crisis =
            probability(&weights.crisis, &self.evidence(assessment, share(assessment, SituationGroup::Crisis)));
        let supported = probability(&weights.supported, &self.evidence(assessment, self.supported));
        if weights.crisis_from <= crisis {
            return Situation { group: SituationGroup::Crisis, score: crisis };
        }
        if weights.supported_from <= supported {
            return Situation { group: SituationGroup::Supported, score: supported };
        }
        self.changing = (self.changing * KEPT).max(share(assessment, SituationGroup::Changing));
        self.employer = (self.employer * KEPT).max(share(assessment, SituationGroup::Employer));
        let steady = 1.0 - self.changing.max(self.employer);
        let calm = [
            (SituationGroup::Steady, steady),
            (SituationGroup::Changing, self.changing),
            (SituationGroup::Employer, self.employer),
        ];
        let best = calm.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(Situation { group: SituationGroup::Steady, score: steady }, |(group, score)| Situation {
            group,
            score,
        })
    }

    /// The numbers that decide, in the order of [`EVIDENCE`]; `share` is what the model says of the situation.
    pub fn evidence(&self, assessment: &Assessment, share: f32) -> [f32; EVIDENCE_N] {
        let now = |id: &str| assessment.signals.iter().any(|sign| sign.signal.as_str() == id);
        let ever = |id: &str| self.signals.iter().any(|signal| signal.as_str() == id);
        let flag = |is: bool| if is { 1.0 } else { 0.0 };
        let share = share.clamp(1e-5, 1.0 - 1e-5);
        [
            (share / (1.0 - share)).ln() / 4.0,
            f32::from(self.lasting_n.min(6)) / 3.0,
            flag(ever("duration")),
            flag(ever("authorities")),
            flag(DANGERS.into_iter().any(now)),
            flag(now("today")),
            assessment.professional,
            flag(now("school-or-statistics")),
            flag(now("figure-of-speech")),
        ]
    }

    /// Whether a person was called in for this occasion already; notes that now one is.
    pub fn calls_anew(&mut self, occasion: Occasion) -> bool {
        let anew = !self.called_for.contains(&occasion);
        if anew {
            self.called_for.push(occasion);
        }
        anew
    }
}

fn share(assessment: &Assessment, group: SituationGroup) -> f32 {
    assessment.shares.get(group.index()).copied().unwrap_or_default()
}

fn probability(weights: &[f32; EVIDENCE_N + 1], evidence: &[f32; EVIDENCE_N]) -> f32 {
    let sum: f32 = weights.iter().zip(evidence.iter().chain(&[1.0])).map(|(weight, x)| weight * x).sum();
    1.0 / (1.0 + (-sum).exp())
}
