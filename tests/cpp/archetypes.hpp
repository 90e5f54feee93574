// The least that satisfies each concept of a penalty: nothing but its members. Every engine that
// accepts the concept is instantiated with them, so that no engine asks for more.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/penalty/registry.hpp"

namespace shrinkage::test {

/// What the walk and the certificate ask, passed on to a penalty of the core.
template <typename P>
class PenaltyArchetype {
public:
    explicit PenaltyArchetype(P inner) : inner_(std::move(inner)) {}

    double value(ConstVector beta, double lambda) const { return inner_.value(beta, lambda); }
    double lambda_max(ConstVector g) const { return inner_.lambda_max(g); }
    bool smooth(double lambda) const { return inner_.smooth(lambda); }
    bool is_free(std::size_t j, double lambda) const { return inner_.is_free(j, lambda); }
    double dual_scale(ConstVector g, ConstVector beta, double lambda) const {
        return inner_.dual_scale(g, beta, lambda);
    }
    double dual_value(double s, ConstVector g, ConstVector beta, double lambda) const {
        return inner_.dual_value(s, g, beta, lambda);
    }
    double conjugate(ConstVector g, double lambda) const { return inner_.conjugate(g, lambda); }

protected:
    P inner_;
};

class SeparableArchetype : public PenaltyArchetype<Separable<L1>> {
public:
    explicit SeparableArchetype(std::size_t size)
        : PenaltyArchetype(Separable(L1{}, std::vector<double>(size, 1.0))) {}

    using PenaltyArchetype::value;
    std::size_t size() const { return inner_.size(); }
    double value(std::span<const std::size_t> columns, ConstVector beta, double lambda) const {
        return inner_.value(columns, beta, lambda);
    }
    double minimize(std::size_t j, double u, double a, double lambda) const {
        return inner_.minimize(j, u, a, lambda);
    }
    Piece piece(std::size_t j, double b, double lambda) const { return inner_.piece(j, b, lambda); }
    double kink(std::size_t j, double lambda) const { return inner_.kink(j, lambda); }
    double ridge(std::size_t j, double lambda) const { return inner_.ridge(j, lambda); }
    Interval bounds(std::size_t j) const { return inner_.bounds(j); }
    bool kinked(std::size_t j, double b, double lambda) const {
        return inner_.kinked(j, b, lambda);
    }
    double kkt_distance(std::size_t j, double g, double b, double lambda) const {
        return inner_.kkt_distance(j, g, b, lambda);
    }
    bool unheld(std::size_t j, double g, double lambda) const {
        return inner_.unheld(j, g, lambda);
    }
    bool may_be_free(double lambda) const { return inner_.may_be_free(lambda); }
    bool all_inside(ConstVector g, std::size_t first, std::size_t last, double lambda) const {
        return inner_.all_inside(g, first, last, lambda);
    }
};

template <typename P>
class BlockArchetypeOf : public PenaltyArchetype<P> {
public:
    using PenaltyArchetype<P>::PenaltyArchetype;

    std::size_t n_blocks() const { return this->inner_.n_blocks(); }
    std::span<const std::size_t> block(std::size_t k) const { return this->inner_.block(k); }
    bool block_is_free(std::size_t k, double lambda) const {
        return this->inner_.block_is_free(k, lambda);
    }
    void block_prox(std::size_t k, ConstVector v, double step, double lambda, Vector out) const {
        this->inner_.block_prox(k, v, step, lambda, out);
    }
    double block_kkt_distance(std::size_t k, ConstVector g, ConstVector b, double lambda) const {
        return this->inner_.block_kkt_distance(k, g, b, lambda);
    }
    double block_unheld(std::size_t k, ConstVector g, double lambda) const {
        return this->inner_.block_unheld(k, g, lambda);
    }
    bool block_kinked(std::size_t k, std::size_t i, ConstVector b, double lambda) const {
        return this->inner_.block_kinked(k, i, b, lambda);
    }
    double block_change(std::size_t k, ConstVector b, ConstVector d, double lambda) const {
        return this->inner_.block_change(k, b, d, lambda);
    }
    double block_reach(std::size_t k, ConstVector b, ConstVector d) const {
        return this->inner_.block_reach(k, b, d);
    }
    void add_block_slope(std::size_t k, ConstVector b, double lambda, double a, Vector out) const {
        this->inner_.add_block_slope(k, b, lambda, a, out);
    }
    void add_block_curvature(std::size_t k, ConstVector b, ConstVector d, double lambda,
                             Vector out) const {
        this->inner_.add_block_curvature(k, b, d, lambda, out);
    }
    double block_bend(std::size_t k, ConstVector b, double lambda) const {
        return this->inner_.block_bend(k, b, lambda);
    }
};

class BlockArchetype : public BlockArchetypeOf<GroupNorms> {
public:
    using BlockArchetypeOf::BlockArchetypeOf;
};

class RowArchetype : public BlockArchetypeOf<RowGroup> {
public:
    using BlockArchetypeOf::BlockArchetypeOf;
    std::size_t outputs() const { return inner_.outputs(); }
};

class WholeArchetype : public PenaltyArchetype<Slope> {
public:
    explicit WholeArchetype(Slope inner, bool keeps_zeros = true)
        : PenaltyArchetype(std::move(inner)), keeps_zeros_(keeps_zeros) {}

    double metric(std::size_t j) const { return inner_.metric(j); }
    void prox(std::span<const std::size_t> columns, ConstVector v, double step, double lambda,
              Vector out) const {
        inner_.prox(columns, v, step, lambda, out);
    }
    bool keeps_zeros() const { return keeps_zeros_; }

private:
    bool keeps_zeros_;
};

static_assert(SeparablePenalty<SeparableArchetype>);
static_assert(BlockPenalty<BlockArchetype> && !RowPenalty<BlockArchetype>);
static_assert(RowPenalty<RowArchetype>);
static_assert(WholePenalty<WholeArchetype>);

}  // namespace shrinkage::test
