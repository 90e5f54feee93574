#include "shrinkage/nn/ensemble/sampled.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>

#include "shrinkage/base/threads.hpp"
#include "shrinkage/nn/ensemble/density.hpp"
#include "shrinkage/nn/ensemble/member_pass.hpp"
#include "shrinkage/nn/ensemble/response.hpp"
#include "shrinkage/nn/ensemble/tally.hpp"
#include "shrinkage/nn/model/largest.hpp"

namespace shrinkage {
namespace {

// All cuts are fixed, so that results do not depend on threads. A task is a group of members for a
// stretch of rows: long enough that drawing and packing a member costs little.
constexpr std::size_t members_of_a_group = 16;
constexpr std::size_t rows_of_a_block = 256;
constexpr std::size_t blocks_of_a_stretch = 4;
constexpr std::size_t rows_of_a_stretch = blocks_of_a_stretch * rows_of_a_block;
constexpr std::size_t common_bytes = std::size_t{1} << 28;  // held at a time
constexpr std::size_t tasks_of_a_thread = 8;                // between two waits for all
constexpr std::uint64_t first_round = 32;  // members before the error is looked at, at least

/// What one thread computes with.
template <typename T>
struct Desk {
    Member<T> member;
    MemberPass<T> pass;
    Response<T> response;
    typename LastMask<T>::Space space;
    Aligned<T> loss, error;
    std::vector<double> densities;
};

/// What a task found out.
struct Slip {
    std::vector<Tally> tallies;          // one a block
    std::vector<double> losses, errors;  // one a member, summed over the stretch
    bool done = false;
};

/// Members before the error between them is believed: a unit that is rarely dropped, or kept, has
/// had its ten turns on the average.
std::uint64_t first_round_of(const EnsemblePlan& plan) {
    double rarest = 0.5;
    for (const double rate : plan.rates) {
        if (rate > 0.0 && !traits_of(plan.kind).only_noise) {
            rarest = std::min({rarest, rate, 1.0 - rate});
        }
    }
    return std::max(first_round, static_cast<std::uint64_t>(std::ceil(10.0 / rarest)));
}

template <typename T>
class Sampler {
public:
    Sampler(const Architecture& architecture, const T* parameters, const Examples<T>& examples,
            const SamplingRequest& request, const Context& context);

    SampledEnsemble<T> run();

private:
    std::size_t n_stretches() const { return (n_ + rows_of_a_stretch - 1) / rows_of_a_stretch; }
    std::size_t n_blocks() const { return (n_ + rows_of_a_block - 1) / rows_of_a_block; }
    std::span<const std::uint32_t> rows_of(std::size_t block) const {
        const std::size_t first = block * rows_of_a_block;
        return std::span(rows_).subspan(first, std::min(rows_of_a_block, n_ - first));
    }
    bool scores() const { return !examples_.targets.y.empty(); }
    std::size_t extras() const { return integrated_ ? integrated_->extras() : responder_.extras(); }
    Tally empty_tally(std::size_t block) const;
    std::unique_ptr<Desk<T>> take_desk();
    void give_back(std::unique_ptr<Desk<T>> desk);

    bool draw(std::uint64_t first, std::uint64_t last);
    void compute_common(std::size_t first_stretch, std::size_t last_stretch);
    bool draw_wave(std::uint64_t first, std::uint64_t last, std::size_t first_stretch,
                   std::size_t last_stretch);
    void work(std::uint64_t first, std::uint64_t last, std::size_t stretch, Slip& slip);
    void evaluate(std::uint64_t t, std::size_t block, Desk<T>& desk, Tally& tally);
    void keep(std::uint64_t t, std::size_t block, const Response<T>& response);
    double largest_error() const;
    SampledEnsemble<T> gathered();

    const Architecture& architecture_;
    const T* parameters_;
    const Examples<T>& examples_;
    const SamplingRequest& request_;
    const EnsemblePlan& plan_;
    Crew crew_;
    Context context_;  // of the whole
    Context alone_;    // of one task
    Layout<T> layout_;
    Responder<T> responder_;
    std::optional<LastMask<T>> integrated_;
    std::size_t n_;
    std::vector<std::uint32_t> rows_;
    std::size_t stretches_at_a_time_;
    std::size_t ready_from_ = 0, ready_to_ = 0;  // stretches whose common part is there
    std::vector<CommonBlock<T>> common_;         // by block, of those
    std::vector<BlockTargets<T>> targets_;
    Aligned<T> common_numbers_;
    std::vector<Tally> tallies_;  // by block
    SampledEnsemble<T> out_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Desk<T>>> desks_;
};

template <typename T>
Sampler<T>::Sampler(const Architecture& architecture, const T* parameters,
                    const Examples<T>& examples, const SamplingRequest& request,
                    const Context& context)
    : architecture_(architecture),
      parameters_(parameters),
      examples_(examples),
      request_(request),
      plan_(request.plan),
      crew_(context.n_threads),
      context_{context.n_threads, context.control, &crew_},
      alone_{1, context.control, nullptr},
      layout_(architecture.sizes),
      responder_(architecture.loss),
      n_(examples.n),
      rows_(examples.n),
      common_(n_blocks()),
      targets_(n_blocks()) {
    std::iota(rows_.begin(), rows_.end(), std::uint32_t{0});
    if (plan_.integrated_rate > 0.0) {
        integrated_.emplace(layout_, plan_, responder_, parameters, request.rule);
    }
    const std::size_t numbers = CommonPass<T>::numbers_of_common(layout_, plan_);
    const std::size_t bytes = numbers * rows_of_a_stretch * sizeof(T);
    stretches_at_a_time_ = std::max<std::size_t>(1, common_bytes / bytes);
    for (std::size_t block = 0; block < n_blocks(); ++block) {
        tallies_.push_back(empty_tally(block));
    }
    out_.extras = extras();
    out_.densities = scores() ? n_densities(responder_.kind(), request.precisions) : 0;
}

template <typename T>
Tally Sampler<T>::empty_tally(std::size_t block) const {
    const std::size_t stride = padded<T>(rows_of(block).size());
    const std::size_t densities =
        scores() ? n_densities(responder_.kind(), request_.precisions) : 0;
    return Tally(responder_.responses() * stride, extras() * stride, densities * stride);
}

template <typename T>
std::unique_ptr<Desk<T>> Sampler<T>::take_desk() {
    {
        const std::scoped_lock lock(mutex_);
        if (!desks_.empty()) {
            auto desk = std::move(desks_.back());
            desks_.pop_back();
            return desk;
        }
    }
    const std::size_t rows = padded<T>(std::min(rows_of_a_block, n_));
    auto desk = std::make_unique<Desk<T>>(Desk<T>{
        Member<T>(layout_, plan_), MemberPass<T>(architecture_, plan_, rows), {}, {}, {}, {}, {}});
    if (integrated_) {
        integrated_->prepare(desk->response, rows);
    } else {
        responder_.prepare(desk->response, rows);
    }
    desk->loss.resize(rows);
    desk->error.resize(rows);
    desk->densities.resize(n_densities(responder_.kind(), request_.precisions) * rows);
    return desk;
}

template <typename T>
void Sampler<T>::give_back(std::unique_ptr<Desk<T>> desk) {
    const std::scoped_lock lock(mutex_);
    desks_.push_back(std::move(desk));
}

template <typename T>
SampledEnsemble<T> Sampler<T>::run() {
    const double wanted = request_.wanted_error;
    std::uint64_t end =
        wanted > 0.0 ? std::min(first_round_of(plan_), request_.n_members) : request_.n_members;
    while (draw(out_.n_members, end) && end < request_.n_members) {
        const double error = largest_error();
        if (error <= wanted || !std::isfinite(error)) break;  // more members mend no infinite one
        // As many as the error found so far asks for, since it falls with their root.
        const double ratio = std::min(error / wanted, 2.0);
        const auto needed = static_cast<std::uint64_t>(ratio * ratio * static_cast<double>(end));
        end = std::min(std::max(needed, end + members_of_a_group), request_.n_members);
    }
    return gathered();
}

/// Members first ... last - 1 for all rows; false after a stop.
template <typename T>
bool Sampler<T>::draw(std::uint64_t first, std::uint64_t last) {
    if (scores()) {
        out_.losses.resize(last, 0.0);
        out_.errors.resize(last, 0.0);
    }
    if (request_.keep_members) out_.members.resize(last * n_ * responder_.responses());
    const std::size_t stretches = n_stretches();
    const bool whole = stretches <= stretches_at_a_time_;
    for (std::size_t s = 0; s < stretches; s += stretches_at_a_time_) {
        const std::size_t end = std::min(s + stretches_at_a_time_, stretches);
        if (ready_from_ != s || ready_to_ != end) compute_common(s, end);
        const std::size_t groups =
            std::max<std::size_t>(1, tasks_of_a_thread * context_.n_threads / (end - s));
        std::uint64_t from = first;
        while (from < last) {
            const std::uint64_t to =
                std::min<std::uint64_t>(last, from + groups * members_of_a_group);
            if (!draw_wave(from, to, s, end)) {
                if (!whole || out_.n_members == 0) throw Cancelled();
                return false;
            }
            from = to;
            if (whole) out_.n_members = to;
        }
    }
    out_.n_members = last;
    return true;
}

template <typename T>
void Sampler<T>::compute_common(std::size_t first_stretch, std::size_t last_stretch) {
    const std::size_t numbers = CommonPass<T>::numbers_of_common(layout_, plan_);
    const std::size_t first = first_stretch * blocks_of_a_stretch;
    const std::size_t last = std::min(last_stretch * blocks_of_a_stretch, n_blocks());
    const std::size_t capacity = padded<T>(std::min(rows_of_a_block, n_));
    common_numbers_.resize((last - first) * numbers * capacity);
    parallel_for(last - first, Team{context_.n_threads, context_.crew}, [&](std::size_t task) {
        const std::size_t block = first + task;
        CommonPass<T> pass(architecture_, plan_, capacity);
        T* out = common_numbers_.data() + task * numbers * capacity;
        common_[block] = pass.compute(parameters_, examples_, rows_of(block), out, alone_);
        targets_[block] = responder_.targets(examples_.targets, rows_of(block));
    });
    ready_from_ = first_stretch;
    ready_to_ = last_stretch;
}

/// Groups of members for some stretches, merged in the order of the members; false after a stop.
template <typename T>
bool Sampler<T>::draw_wave(std::uint64_t first, std::uint64_t last, std::size_t first_stretch,
                           std::size_t last_stretch) {
    const std::size_t groups =
        static_cast<std::size_t>((last - first + members_of_a_group - 1) / members_of_a_group);
    const std::size_t stretches = last_stretch - first_stretch;
    std::vector<Slip> slips(groups * stretches);
    const auto begin_of = [&](std::size_t group) { return first + group * members_of_a_group; };
    const auto end_of = [&](std::size_t group) { return std::min(last, begin_of(group + 1)); };
    bool whole = true;
    try {
        parallel_for(slips.size(), Team{context_.n_threads, context_.crew}, [&](std::size_t task) {
            const std::size_t group = task / stretches;
            work(begin_of(group), end_of(group), first_stretch + task % stretches, slips[task]);
            if (context_.control != nullptr) context_.control->advance();
        });
    } catch (const Cancelled&) {
        whole = false;
    }
    for (std::size_t group = 0; group < groups; ++group) {
        const auto slip = slips.begin() + static_cast<std::ptrdiff_t>(group * stretches);
        const auto end = slip + static_cast<std::ptrdiff_t>(stretches);
        if (!std::all_of(slip, end, [](const Slip& each) { return each.done; })) return false;
        for (std::size_t s = 0; s < stretches; ++s) {
            const Slip& each = slips[group * stretches + s];
            for (std::size_t b = 0; b < each.tallies.size(); ++b) {
                tallies_[(first_stretch + s) * blocks_of_a_stretch + b].merge(each.tallies[b]);
            }
            for (std::size_t m = 0; m < each.losses.size(); ++m) {
                out_.losses[begin_of(group) + m] += each.losses[m];
                out_.errors[begin_of(group) + m] += each.errors[m];
            }
        }
        if (!whole) out_.n_members = end_of(group);
    }
    return whole;
}

/// One task.
template <typename T>
void Sampler<T>::work(std::uint64_t first, std::uint64_t last, std::size_t stretch, Slip& slip) {
    auto desk = take_desk();
    const std::size_t first_block = stretch * blocks_of_a_stretch;
    const std::size_t last_block = std::min(first_block + blocks_of_a_stretch, n_blocks());
    for (std::size_t block = first_block; block < last_block; ++block) {
        slip.tallies.push_back(empty_tally(block));
    }
    for (std::uint64_t t = first; t < last; ++t) {
        if (!plan_.per_row) desk->member.draw(t, parameters_, alone_);
        double loss = 0.0, error = 0.0;
        for (std::size_t block = first_block; block < last_block; ++block) {
            alone_.check();
            evaluate(t, block, *desk, slip.tallies[block - first_block]);
            for (std::size_t j = 0; j < rows_of(block).size() && scores(); ++j) {
                loss += static_cast<double>(desk->loss[j]);
                error += static_cast<double>(desk->error[j]);
            }
        }
        if (!scores()) continue;
        slip.losses.push_back(loss);
        slip.errors.push_back(error);
    }
    slip.done = true;
    give_back(std::move(desk));
}

template <typename T>
void Sampler<T>::evaluate(std::uint64_t t, std::size_t block, Desk<T>& desk, Tally& tally) {
    const CommonBlock<T>& common = common_[block];
    const std::size_t stride = common.stride;
    const T* eta = plan_.per_row ? desk.pass.outputs(t, parameters_, common, alone_)
                                 : desk.pass.outputs(desk.member, common, alone_);
    Response<T>& response = desk.response;
    if (!integrated_ || scores()) responder_.respond(eta, stride, response);
    if (scores()) {
        responder_.score(eta, stride, response, targets_[block], desk.loss.data(),
                         desk.error.data());
    }
    if (integrated_) {
        integrated_->respond(eta, desk.pass.last_inputs(), stride, targets_[block], desk.space,
                             response);
    }
    if (out_.densities > 0) {
        const T* extra = response.extra.data();
        const bool of_log_mean = integrated_ && of_classes(responder_.kind());
        const DensityOf<T> of{responder_.responses(),
                              stride,
                              targets_[block].y.data(),
                              response.value.data(),
                              extra,
                              integrated_ ? extra + responder_.extras() * stride : nullptr,
                              of_log_mean ? desk.space.loss.data() : desk.loss.data()};
        log_densities(responder_.kind(), request_.precisions, of, common.rows.size(),
                      std::span<double>(desk.densities));
    }
    tally.add(response.value.data(), response.extra.data(), desk.densities);
    if (request_.keep_members) keep(t, block, response);
}

template <typename T>
void Sampler<T>::keep(std::uint64_t t, std::size_t block, const Response<T>& response) {
    const CommonBlock<T>& common = common_[block];
    const std::size_t responses = responder_.responses();
    T* out = out_.members.data() + (t * n_ + common.rows.front()) * responses;
    for (std::size_t j = 0; j < common.rows.size(); ++j) {
        for (std::size_t k = 0; k < responses; ++k) {
            out[j * responses + k] = response.value[k * common.stride + j];
        }
    }
}

/// The largest standard error of a mean.
template <typename T>
double Sampler<T>::largest_error() const {
    double largest = 0.0;
    for (std::size_t block = 0; block < n_blocks(); ++block) {
        const std::size_t rows = rows_of(block).size(), stride = padded<T>(rows);
        for (std::size_t k = 0; k < responder_.responses(); ++k) {
            for (std::size_t j = 0; j < rows; ++j) {
                const double squares = tallies_[block].squares(k * stride + j);
                if (above(squares, largest)) largest = squares;
            }
        }
    }
    const auto n = static_cast<double>(out_.n_members);
    return std::sqrt(largest / (n * (n - 1.0)));
}

template <typename T>
SampledEnsemble<T> Sampler<T>::gathered() {
    const auto n = static_cast<double>(n_);
    if (scores()) {
        out_.losses.resize(out_.n_members);
        out_.errors.resize(out_.n_members);
    }
    for (double& loss : out_.losses) loss /= n;
    for (double& error : out_.errors) error /= n;
    if (request_.keep_members) {
        out_.members.resize(out_.n_members * n_ * responder_.responses());
    }
    for (std::size_t block = 0; block < n_blocks(); ++block) {
        const Tally& tally = tallies_[block];
        const std::size_t rows = rows_of(block).size(), stride = padded<T>(rows);
        for (std::size_t j = 0; j < rows; ++j) {
            for (std::size_t k = 0; k < responder_.responses(); ++k) {
                out_.mean.push_back(tally.mean(k * stride + j));
                out_.squares.push_back(tally.squares(k * stride + j));
            }
            for (std::size_t k = 0; k < out_.extras; ++k) {
                out_.extra.push_back(tally.extra(k * stride + j));
            }
            for (std::size_t k = 0; k < out_.densities; ++k) {
                out_.log_density.push_back(tally.log_mean_density(k * stride + j));
            }
        }
    }
    return std::move(out_);
}

}  // namespace

std::size_t sampling_tasks(std::size_t n_rows, std::uint64_t n_members) {
    return (n_rows + rows_of_a_stretch - 1) / rows_of_a_stretch *
           static_cast<std::size_t>((n_members + members_of_a_group - 1) / members_of_a_group);
}

template <typename T>
SampledEnsemble<T> sample_ensemble(const Architecture& architecture, const T* parameters,
                                   const Examples<T>& examples, const SamplingRequest& request,
                                   const Context& context) {
    return Sampler<T>(architecture, parameters, examples, request, context).run();
}

template SampledEnsemble<float> sample_ensemble(const Architecture&, const float*,
                                                const Examples<float>&, const SamplingRequest&,
                                                const Context&);
template SampledEnsemble<double> sample_ensemble(const Architecture&, const double*,
                                                 const Examples<double>&, const SamplingRequest&,
                                                 const Context&);

}  // namespace shrinkage
