#include "shrinkage/nn/ensemble/enumeration.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/base/threads.hpp"
#include "shrinkage/nn/ensemble/density.hpp"
#include "shrinkage/nn/ensemble/gray_sums.hpp"
#include "shrinkage/nn/ensemble/log_sums.hpp"
#include "shrinkage/nn/ensemble/member_pass.hpp"
#include "shrinkage/nn/ensemble/response.hpp"
#include "shrinkage/nn/kernels/elementwise.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t rows_of_a_block = 64;
constexpr std::uint64_t members_of_a_report = 4096;
constexpr std::size_t score_bytes = std::size_t{1}
                                    << 28;  // of the scores held for a wave of blocks

/// A layer in which something is dropped: what its decisions add to the sums that leave it.
struct Level {
    std::size_t layer;
    std::size_t decisions;
    std::size_t first_bit;
    std::vector<std::vector<std::uint32_t>> units;  // of each decision
    std::vector<double> weights;                    // by how many are kept
    UnitMap map;
};

/// sum += weight * x.
template <typename T>
void add_weighted(const T* x_, std::size_t n, double weight, double* sum_) {
    const T* __restrict x = x_;
    double* __restrict sum = sum_;
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) sum[i] += weight * static_cast<double>(x[i]);
    });
}

/// The mean goes `part` of the way to x, the weight's part of all so far (West 1979): it never
/// leaves the range of the x, nor do the squared deviations fall below 0.
template <typename T>
void add_moments(const T* x_, std::size_t n, double weight, double part, double* mean_,
                 double* squares_) {
    const T* __restrict x = x_;
    double* __restrict mean = mean_;
    double* __restrict squares = squares_;
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) {
            const double value = static_cast<double>(x[i]), change = value - mean[i];
            mean[i] += part * change;
            squares[i] += weight * change * (value - mean[i]);
        }
    });
}

template <typename T>
std::vector<Level> levels_of(const Layout<T>& layout, const EnsemblePlan& plan) {
    const std::vector<std::size_t> decisions = decisions_of(layout, plan);
    std::vector<Level> levels;
    std::size_t first_bit = 0;
    for (std::size_t l = 0; l < layout.depth(); ++l) {
        if (decisions[l] == 0) continue;
        const double p = plan.rates[l], q = 1.0 - p;
        Level level{l, decisions[l], first_bit, {}, {}, unit_map(plan.kind, p)};
        level.units.resize(decisions[l]);
        for (std::uint32_t u = 0; u < layout[l].inputs; ++u) {
            const bool grouped = l == 0 && !plan.input_groups.empty();
            level.units[grouped ? plan.input_groups[u] : u].push_back(u);
        }
        for (std::size_t kept = 0; kept <= decisions[l]; ++kept) {
            level.weights.push_back(std::pow(q, static_cast<double>(kept)) *
                                    std::pow(p, static_cast<double>(decisions[l] - kept)));
        }
        first_bit += decisions[l];
        levels.push_back(std::move(level));
    }
    return levels;
}

/// Enumerates for one block of rows after another.
template <typename T>
class Enumerator {
public:
    Enumerator(const Architecture& architecture, const T* parameters,
               const std::vector<Level>& levels, const Responder<T>& responder,
               std::span<const double> precisions, const Context& context);

    /// Sums of a block, (numbers, stride); losses and errors (n_members,) are added to, unless
    /// null.
    struct Sums {
        std::vector<double> mean, variance, output, extra;
        LogSums densities;
        double *losses = nullptr, *errors = nullptr;
    };
    void run(const CommonBlock<T>& block, const Targets& targets, Sums& sums);

private:
    struct Space {
        Aligned<T> base, terms, entering;
        GraySums<T> sums;
    };

    void enter(std::size_t k, const T* x, double weight, std::uint64_t bits);
    void fill_terms(std::size_t k, const T* x);
    void descend(std::size_t k, const T* z, double weight, std::uint64_t bits);
    void count(const T* eta, double weight, std::uint64_t bits);
    void score(const T* eta, double weight, std::uint64_t bits);
    const T* through(std::size_t from, std::size_t to, const T* z, T* out);

    Layout<T> layout_;
    Activation activation_;
    const T* parameters_;
    const std::vector<Level>& levels_;
    const Responder<T>& responder_;
    std::span<const double> precisions_;
    Context context_;
    std::size_t stride_ = 0;
    std::vector<Space> spaces_;  // one a level
    Aligned<T> one_, other_;     // between levels
    Response<T> response_;
    Aligned<T> loss_, error_;
    std::vector<double> densities_;
    double total_ = 0.0;  // of the weights so far
    BlockTargets<T> targets_;
    Sums* out_ = nullptr;
    std::uint64_t counted_ = 0;
};

template <typename T>
Enumerator<T>::Enumerator(const Architecture& architecture, const T* parameters,
                          const std::vector<Level>& levels, const Responder<T>& responder,
                          std::span<const double> precisions, const Context& context)
    : layout_(architecture.sizes),
      activation_(architecture.activation),
      parameters_(parameters),
      levels_(levels),
      responder_(responder),
      precisions_(precisions),
      context_(context),
      loss_(rows_of_a_block),
      error_(rows_of_a_block),
      densities_(n_densities(responder.kind(), precisions) * rows_of_a_block) {
    std::size_t widest = 0;
    for (const DenseLayer& layer : layout_) widest = std::max(widest, layer.units);
    one_.resize(widest * rows_of_a_block);
    other_.resize(widest * rows_of_a_block);
    responder.prepare(response_, rows_of_a_block);
}

template <typename T>
void Enumerator<T>::run(const CommonBlock<T>& block, const Targets& targets, Sums& sums) {
    stride_ = block.stride;
    targets_ = responder_.targets(targets, block.rows);
    out_ = &sums;
    total_ = 0.0;
    sums.mean.assign(responder_.responses() * stride_, 0.0);
    sums.variance = sums.mean;
    sums.output.assign(responder_.outputs() * stride_, 0.0);
    sums.extra.assign(responder_.extras() * stride_, 0.0);
    const bool scores = sums.losses != nullptr;
    sums.densities =
        LogSums(scores ? n_densities(responder_.kind(), precisions_) * stride_ : std::size_t{0});
    spaces_.clear();
    for (std::size_t k = 0; k < levels_.size(); ++k) {
        const Level& level = levels_[k];
        const std::size_t size = layout_[level.layer].units * stride_;
        const std::size_t inputs = layout_[level.layer].inputs * stride_;
        spaces_.push_back({Aligned<T>(size), Aligned<T>(level.decisions * size),
                           Aligned<T>(k > 0 ? inputs : 0), GraySums<T>(level.decisions, size)});
    }
    if (levels_.empty()) {  // the one member; what is common enters the last layer
        const DenseLayer& last = layout_[layout_.depth() - 1];
        LayerView<T>(last, parameters_).apply(block.entering, stride_, one_.data(), context_);
        count(one_.data(), 1.0, 0);
    } else {
        enter(0, block.entering, 1.0, 0);
    }
    for (double& squares : sums.variance) squares /= total_;
}

/// base = biases and what dropped numbers still give; terms: what keeping a decision's units adds.
template <typename T>
void Enumerator<T>::fill_terms(std::size_t k, const T* x) {
    const Level& level = levels_[k];
    const DenseLayer& layer = layout_[level.layer];
    Space& space = spaces_[k];
    const std::size_t stride = stride_, units = layer.units;
    for (std::size_t j = 0; j < units; ++j) {
        double start = static_cast<double>(parameters_[layer.biases + j]);
        for (std::size_t i = 0; i < layer.inputs && level.map.dropped != 0.0; ++i) {
            start += level.map.dropped *
                     static_cast<double>(parameters_[layer.weights + i * layer.stride + j]);
        }
        std::fill_n(space.base.data() + j * stride, stride, static_cast<T>(start));
    }
    std::fill(space.terms.begin(), space.terms.end(), T{0});
    const T scale = static_cast<T>(level.map.scale),
            rise = static_cast<T>(level.map.shift - level.map.dropped);
    for (std::size_t d = 0; d < level.decisions; ++d) {
        for (const std::uint32_t u : level.units[d]) {
            const T* __restrict in = x + u * stride;
            const T* __restrict row = parameters_ + layer.weights + u * layer.stride;
            T* __restrict out = space.terms.data() + d * units * stride;
            vectorized([=]() SHRINKAGE_INLINED {
                for (std::size_t j = 0; j < units; ++j) {
                    const T w = row[j];
                    for (std::size_t i = 0; i < stride; ++i) {
                        out[j * stride + i] += (scale * in[i] + rise) * w;
                    }
                }
            });
        }
    }
}

/// All subsets of the units of level k; x enters its layer.
template <typename T>
void Enumerator<T>::enter(std::size_t k, const T* x, double weight, std::uint64_t bits) {
    const Level& level = levels_[k];
    fill_terms(k, x);
    GraySums<T>& sums = spaces_[k].sums;
    sums.start(spaces_[k].base.data(), spaces_[k].terms.data(), level.decisions);
    do {
        const std::uint64_t members = sums.members();
        const double share = level.weights[static_cast<std::size_t>(std::popcount(members))];
        descend(k, sums.sum(), weight * share, bits | members << level.first_bit);
    } while (sums.advance());
}

/// From z, what leaves the layer of level k, to the next level or to the outputs.
template <typename T>
void Enumerator<T>::descend(std::size_t k, const T* z, double weight, std::uint64_t bits) {
    const std::size_t layer = levels_[k].layer;
    if (k + 1 < levels_.size()) {
        T* entering = spaces_[k + 1].entering.data();
        through(layer + 1, levels_[k + 1].layer, z, entering);
        enter(k + 1, entering, weight, bits);
        return;
    }
    const T* eta =
        layer + 1 == layout_.depth() ? z : through(layer + 1, layout_.depth(), z, nullptr);
    count(eta, weight, bits);
}

/// Layers from ... to - 1, nothing dropped, on f(z); `out` gets what enters layer `to`, which is
/// the outputs where `to` is the depth.
template <typename T>
const T* Enumerator<T>::through(std::size_t from, std::size_t to, const T* z, T* out) {
    T *in = one_.data(), *next = other_.data();
    if (from == to) in = out;
    std::copy_n(z, layout_[from - 1].units * stride_, in);
    activate(activation_, std::span<T>(in, layout_[from - 1].units * stride_));
    for (std::size_t l = from; l < to; ++l) {
        const DenseLayer& layer = layout_[l];
        if (l + 1 == to && out != nullptr) next = out;
        LayerView<T>(layer, parameters_).apply(in, stride_, next, context_);
        if (l + 1 < layout_.depth()) {
            activate(activation_, std::span<T>(next, layer.units * stride_));
        }
        std::swap(in, next);
    }
    return in;
}

/// One member.
template <typename T>
void Enumerator<T>::count(const T* eta, double weight, std::uint64_t bits) {
    if (counted_++ % 64 == 0) context_.check();
    if (counted_ % members_of_a_report == 0 && context_.control != nullptr) {
        context_.control->advance();
    }
    responder_.respond(eta, stride_, response_);
    Sums& out = *out_;
    const T* value = response_.value.data();
    total_ += weight;
    const double part =
        weight > 0.0 ? weight / total_ : 0.0;  // all dropped may be as good as never
    add_moments(value, out.mean.size(), weight, part, out.mean.data(), out.variance.data());
    add_weighted(eta, out.output.size(), weight, out.output.data());
    add_weighted(response_.extra.data(), out.extra.size(), weight, out.extra.data());
    if (out.losses != nullptr) score(eta, weight, bits);
}

/// Of one member whose response is there.
template <typename T>
void Enumerator<T>::score(const T* eta, double weight, std::uint64_t bits) {
    Sums& out = *out_;
    responder_.score(eta, stride_, response_, targets_, loss_.data(), error_.data());
    double loss = 0.0, error = 0.0;
    for (std::size_t j = 0; j < targets_.rows.size(); ++j) {
        loss += static_cast<double>(loss_[j]);
        error += static_cast<double>(error_[j]);
    }
    out.losses[bits] += loss;
    out.errors[bits] += error;
    if (out.densities.size() == 0) return;
    const DensityOf<T> of{
        responder_.responses(), stride_, targets_.y.data(), response_.value.data(),
        response_.extra.data(), nullptr, loss_.data()};
    log_densities(responder_.kind(), precisions_, of, targets_.rows.size(),
                  std::span<double>(densities_));
    for (std::size_t first = 0; first < out.densities.size(); first += stride_) {
        for (std::size_t j = 0; j < targets_.rows.size(); ++j) {
            out.densities.add(first + j, densities_[first + j], weight);
        }
    }
}

/// What an enumerator found, row after row.
void append_rows(const std::vector<double>& sums, std::size_t rows, std::size_t stride,
                 std::vector<double>& out) {
    for (std::size_t j = 0; j < rows; ++j) {
        for (std::size_t at = j; at < sums.size(); at += stride) out.push_back(sums[at]);
    }
}

std::vector<double> logs_of(const LogSums& sums) {
    std::vector<double> logs(sums.size());
    for (std::size_t i = 0; i < sums.size(); ++i) logs[i] = sums.log(i);
    return logs;
}

}  // namespace

template <typename T>
std::vector<std::size_t> decisions_of(const Layout<T>& layout, const EnsemblePlan& plan) {
    std::vector<std::size_t> decisions;
    for (std::size_t l = 0; l < layout.depth(); ++l) {
        const auto& groups = plan.input_groups;
        const bool grouped = l == 0 && !groups.empty();
        const std::size_t units =
            grouped ? *std::max_element(groups.begin(), groups.end()) + std::size_t{1}
                    : layout[l].inputs;
        decisions.push_back(plan.rates[l] > 0.0 ? units : 0);
    }
    return decisions;
}

std::size_t enumeration_tasks(std::size_t n_rows, std::size_t n_decisions) {
    const auto members = std::uint64_t{1} << n_decisions;
    const std::size_t blocks = (n_rows + rows_of_a_block - 1) / rows_of_a_block;
    return std::max<std::size_t>(1,
                                 blocks * static_cast<std::size_t>(members) / members_of_a_report);
}

template <typename T>
EnumeratedEnsemble enumerate_ensemble(const Architecture& architecture, const T* parameters,
                                      const Examples<T>& examples, const EnsemblePlan& plan,
                                      std::span<const double> precisions, const Context& context) {
    const Layout<T> layout(architecture.sizes);
    const std::vector<Level> levels = levels_of(layout, plan);
    const std::vector<std::size_t> decisions = decisions_of(layout, plan);
    const auto bits = std::accumulate(decisions.begin(), decisions.end(), std::size_t{0});
    const Responder<T> responder(architecture.loss);
    EnumeratedEnsemble out;
    out.n_members = std::uint64_t{1} << bits;
    out.extras = responder.extras();
    const auto members = static_cast<std::size_t>(out.n_members);
    const bool scores = !examples.targets.y.empty();
    out.densities = scores ? n_densities(responder.kind(), precisions) : 0;
    if (scores) out.losses.resize(members, 0.0);
    if (scores) out.errors.resize(members, 0.0);
    const Context alone{1, context.control, nullptr};
    std::vector<std::uint32_t> rows(examples.n);
    std::iota(rows.begin(), rows.end(), std::uint32_t{0});
    const std::size_t blocks = (examples.n + rows_of_a_block - 1) / rows_of_a_block;
    // Blocks of a wave have scores of their own, which are then added in order.
    const std::size_t wave =
        std::min({blocks, std::max<std::size_t>(context.n_threads, scores ? 1 : 256),
                  std::max<std::size_t>(1, scores ? score_bytes / (16 * members) : blocks)});
    std::vector<typename Enumerator<T>::Sums> sums(wave);
    std::vector<std::vector<double>> scored(scores ? 2 * wave : 0);
    EnsemblePlan common = plan;  // layers before the first that drops are common
    common.per_row = true;       // and nothing is subtracted
    Crew crew(context.n_threads);
    for (std::size_t first = 0; first < blocks; first += wave) {
        const std::size_t n = std::min(wave, blocks - first);
        parallel_for(n, Team{context.n_threads, &crew}, [&](std::size_t task) {
            const std::size_t begin = (first + task) * rows_of_a_block;
            const auto own = std::span<const std::uint32_t>(rows).subspan(
                begin, std::min(rows_of_a_block, examples.n - begin));
            CommonPass<T> pass(architecture, common, rows_of_a_block);
            Aligned<T> numbers(CommonPass<T>::numbers_of_common(layout, common) * rows_of_a_block);
            const auto block = pass.compute(parameters, examples, own, numbers.data(), alone);
            if (scores) {
                scored[2 * task].assign(members, 0.0);
                scored[2 * task + 1].assign(members, 0.0);
                sums[task].losses = scored[2 * task].data();
                sums[task].errors = scored[2 * task + 1].data();
            }
            Enumerator<T>(architecture, parameters, levels, responder, precisions, alone)
                .run(block, examples.targets, sums[task]);
        });
        for (std::size_t task = 0; task < n; ++task) {
            const std::size_t begin = (first + task) * rows_of_a_block;
            const std::size_t count = std::min(rows_of_a_block, examples.n - begin);
            const std::size_t stride = padded<T>(count);
            append_rows(sums[task].mean, count, stride, out.mean);
            append_rows(sums[task].variance, count, stride, out.variance);
            append_rows(sums[task].output, count, stride, out.output);
            append_rows(sums[task].extra, count, stride, out.extra);
            append_rows(logs_of(sums[task].densities), count, stride, out.log_density);
            for (std::size_t m = 0; m < members && scores; ++m) {
                out.losses[m] += scored[2 * task][m] / static_cast<double>(examples.n);
                out.errors[m] += scored[2 * task + 1][m] / static_cast<double>(examples.n);
            }
        }
    }
    return out;
}

template std::vector<std::size_t> decisions_of(const Layout<float>&, const EnsemblePlan&);
template std::vector<std::size_t> decisions_of(const Layout<double>&, const EnsemblePlan&);
template EnumeratedEnsemble enumerate_ensemble(const Architecture&, const float*,
                                               const Examples<float>&, const EnsemblePlan&,
                                               std::span<const double>, const Context&);
template EnumeratedEnsemble enumerate_ensemble(const Architecture&, const double*,
                                               const Examples<double>&, const EnsemblePlan&,
                                               std::span<const double>, const Context&);

}  // namespace shrinkage
