-- Customers with what they bought, one row for each currency; who bought nothing has one row without a currency.
-- Customers who were deleted, and guests without an account, are in none.

with bought as (

    select
        orders.customerId as customer_id,
        orders.totalPrice_currency as currency,
        count(*) as orders,
        min(orders.createdAt) as first_order_at,
        max(orders.createdAt) as last_order_at,
        -- With taxes where they were calculated.
        sum(coalesce(orders.taxedPrice_totalGross_amount, orders.totalPrice_amount)) as gross
    from {{ source('commercetools', 'orders') }} as orders
    where orders.orderState <> 'Cancelled'
    group by all

),

returns as (

    select customer_id, currency, sum(returned_gross) as gross
    from {{ ref('order_lines') }}
    where order_state <> 'Cancelled'
    group by all

)

select
    customers.id as customer_id,
    bought.currency,
    customers.customerNumber as customer_number,
    customers.customerGroup_id as customer_group_id,
    customers.createdAt as registered_at,
    -- The cohort that the customer belongs to, whatever the currency.
    cast(date_trunc('month', min(bought.first_order_at) over (partition by customers.id)) as date) as cohort_month,
    bought.first_order_at,
    bought.last_order_at,
    coalesce(bought.orders, 0) as orders,
    coalesce(bought.gross, 0) as gross,
    coalesce(returns.gross, 0) as returned_gross,
    coalesce(bought.gross, 0) - coalesce(returns.gross, 0) as lifetime_value
from {{ source('commercetools', 'customers') }} as customers
left join bought on bought.customer_id = customers.id
left join returns on returns.customer_id = bought.customer_id and returns.currency = bought.currency
