-- How many customers of a cohort, by the month of their first order, ordered again so many months later.
-- Cancelled orders and those of guests are left out; customers who were deleted since are counted.

with bought as (

    select
        customerId as customer_id,
        date_trunc('month', createdAt) as month,
        min(date_trunc('month', createdAt)) over (partition by customerId) as cohort_month
    from {{ source('commercetools', 'orders') }}
    where orderState <> 'Cancelled' and customerId is not null

),

active as (

    select
        cohort_month,
        date_diff('month', cohort_month, month) as months_later,
        count(distinct customer_id) as customers,
        count(*) as orders
    from bought
    group by all

)

select
    cast(cohort_month as date) as cohort_month,
    months_later,
    -- Whoever belongs to a cohort ordered in its first month.
    first_value(customers) over cohort as cohort_size,
    customers,
    orders,
    customers / first_value(customers) over cohort as share
from active
window cohort as (partition by cohort_month order by months_later)
